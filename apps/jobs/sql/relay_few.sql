-- Take who waits out of a short line, in its order. Rows that another session holds (a cancel) are left for the next look.
WITH first AS MATERIALIZED (
    SELECT ctid FROM jobs_ready WHERE queue = %(queue)s AND kind <> ALL (%(stays)s::text[])
     LIMIT %(rows)s FOR UPDATE SKIP LOCKED
), out_of_line AS (
    DELETE FROM jobs_ready WHERE ctid = ANY (ARRAY(SELECT ctid FROM first)) RETURNING id, kind, alone, rank
)
SELECT id, kind, alone FROM out_of_line ORDER BY rank, id
