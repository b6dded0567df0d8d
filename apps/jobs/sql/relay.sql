-- Take the first jobs in line out of `ready` and into the window, one bundle each. Two keepers never take the same.
WITH taken AS (
    DELETE FROM jobs_ready AS r
     WHERE r.ctid = ANY (ARRAY(
           SELECT ctid FROM jobs_ready WHERE queue = %(queue)s ORDER BY queue, lane, rank, id
            LIMIT %(room)s FOR UPDATE SKIP LOCKED))
    RETURNING r.id, r.kind, r.rank
)
INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
SELECT gen_random_uuid(), %(queue)s, kind, clock_timestamp(), 1, ARRAY[id] FROM taken ORDER BY rank, id
RETURNING id, kind, queue, ids
