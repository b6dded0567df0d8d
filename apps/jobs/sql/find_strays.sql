-- Of the next jobs by their keys, the newest first, take those up that live and are in nobody's hands: not in the window,
-- not in line, not parked. No statement leaves one so; but whatever did, nothing else would ever find it again. One that
-- waits stands in line again; one that runs gets a bundle, by which it is found when its worker dies. One snapshot: what
-- moves meanwhile is on one side or the other. Where each stands is asked job by job (a scalar subquery is not turned into a
-- join): a plan made while the line was thought short would read millions of it.
WITH looked AS MATERIALIZED (
    SELECT id, state, queue, lane, rank, kind, deaths FROM jobs_job
     WHERE id < %(before)s ORDER BY id DESC LIMIT %(batch)s
), in_window AS MATERIALIZED (
    SELECT unnest(ids) AS id FROM jobs_bundle
), stray AS MATERIALIZED (
    SELECT * FROM looked
     WHERE state IN (1, 2, 3)
       AND NOT EXISTS (SELECT FROM in_window WHERE in_window.id = looked.id)
       AND (SELECT r.id FROM jobs_ready AS r WHERE r.queue = looked.queue AND r.lane = looked.lane
                                               AND r.rank = looked.rank AND r.id = looked.id) IS NULL
       AND (SELECT p.id FROM jobs_parked AS p WHERE p.id = looked.id) IS NULL
), in_line AS (
    INSERT INTO jobs_ready (queue, lane, rank, id, kind, alone)
    SELECT queue, lane, rank, id, kind, deaths > 0 FROM stray WHERE state IN (1, 2) ON CONFLICT DO NOTHING
), wrapped AS (
    INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
    SELECT gen_random_uuid(), queue, kind, clock_timestamp(), 1, ARRAY[id] FROM stray WHERE state = 3
)
SELECT ARRAY(SELECT id FROM stray ORDER BY id), (SELECT id FROM looked ORDER BY id LIMIT 1)
