-- Put parked jobs of kinds that are not paused any more in line again, each where it stood.
WITH RECURSIVE parked AS (
    (SELECT kind FROM jobs_parked ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT following.kind FROM parked
     CROSS JOIN LATERAL (SELECT p.kind FROM jobs_parked AS p WHERE p.kind > parked.kind ORDER BY p.kind LIMIT 1) AS following
), moved AS (
    DELETE FROM jobs_parked WHERE ctid = ANY (ARRAY(
           SELECT first.place FROM parked CROSS JOIN LATERAL (
                  SELECT ctid AS place FROM jobs_parked AS p WHERE p.kind = parked.kind
                   ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED) AS first
            WHERE parked.kind <> ALL (%(paused)s::text[])
            LIMIT %(batch)s))
    RETURNING queue, lane, rank, id, kind, alone
)
INSERT INTO jobs_ready (queue, lane, rank, id, kind, alone)
SELECT queue, lane, rank, id, kind, alone FROM moved ON CONFLICT DO NOTHING
RETURNING id
