-- Hold a tenant's bucket until the end of the transaction; it is full when nobody took from it yet.
INSERT INTO jobs_bucket (key, tokens, refilled_at) VALUES (%(key)s, %(burst)s, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET key = excluded.key
