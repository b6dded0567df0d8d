-- Of the next jobs by their keys, give those a bundle that live and are in nobody's: not in the window, not in line, not
-- parked. No statement leaves one so; but whatever did, nothing else would ever find it again. In the window it is found
-- as if its message were lost, or its worker dead. One snapshot: what moves meanwhile is on one side or the other.
WITH looked AS MATERIALIZED (
    SELECT id, state, queue, lane, rank, kind FROM jobs_job WHERE id > %(after)s ORDER BY id LIMIT %(batch)s
), in_window AS MATERIALIZED (
    SELECT unnest(ids) AS id FROM jobs_bundle
), stray AS (
    SELECT id, queue, kind FROM looked
     WHERE state IN (1, 2, 3)
       AND NOT EXISTS (SELECT FROM in_window WHERE in_window.id = looked.id)
       AND NOT EXISTS (SELECT FROM jobs_ready AS r
                        WHERE r.queue = looked.queue AND r.lane = looked.lane AND r.rank = looked.rank AND r.id = looked.id)
       AND NOT EXISTS (SELECT FROM jobs_parked WHERE jobs_parked.id = looked.id)
), found AS (
    INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
    SELECT gen_random_uuid(), queue, kind, clock_timestamp(), 1, ARRAY[id] FROM stray
    RETURNING ids[1] AS id
)
SELECT ARRAY(SELECT id FROM found), (SELECT id FROM looked ORDER BY id DESC LIMIT 1)
