-- Wait for every other merge of order lines to commit ("shopline" in hexadecimal, among advisory locks).
SELECT pg_advisory_xact_lock(x'73686f706c696e65'::bigint)
