-- Take everybody out of a line that fits the window whole and in which nobody is limited or paused, and put them into
-- the window, packed by kind and spread over the slots as relay.sql does it. One statement, and planned once a session:
-- most of the time there are a few jobs, which relay.sql takes the planner milliseconds for.
-- So is one in which a kind waits that this release does not know: a later one may limit it.
-- A line that is not short, or that another session relays, is told and left. So are rows that another holds (a cancel).
-- Nobody waits until the move is on the disk: lost by a crash of the database, the jobs stand in line again and their
-- messages are stale.
WITH look AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(%(lock)s::bigint) AND {asynchronous_commit}
           AND (SELECT count(*) <= %(room)s::int AND count(*) FILTER (WHERE kind = ANY (%(stays)s::text[])
                                                             OR kind <> ALL (%(known)s::text[])) = 0
                  FROM (SELECT kind FROM jobs_ready WHERE queue = %(queue)s::text
                         ORDER BY queue, lane, rank, id LIMIT %(room)s::int + 1) AS line) AS is_short
), first AS MATERIALIZED (
    SELECT ctid FROM jobs_ready WHERE queue = %(queue)s::text AND (SELECT is_short FROM look)
     LIMIT %(room)s::int FOR UPDATE SKIP LOCKED
), out_of_line AS (
    DELETE FROM jobs_ready WHERE ctid = ANY (ARRAY(SELECT ctid FROM first)) RETURNING id, kind, alone, rank
), numbered AS (
    SELECT *, row_number() OVER (ORDER BY rank, id) AS position,
           row_number() OVER (PARTITION BY kind, alone ORDER BY rank, id) AS nth,
           count(*) OVER (PARTITION BY kind, alone) AS many
      FROM out_of_line
), message AS MATERIALIZED (
    SELECT gen_random_uuid() AS bundle, kind, min(position) AS position, array_agg(id ORDER BY position) AS ids
      FROM numbered
      LEFT JOIN unnest(%(kinds)s::text[], %(most)s::int[], %(least)s::int[]) AS fill (kind, most, least) USING (kind)
     GROUP BY kind, alone,
              (nth - 1) / CASE WHEN alone THEN 1 ELSE
              least(COALESCE(fill.most, 1), greatest(fill.least, ceil(many / %(slots)s::numeric)::int)) END
), sent AS (
    INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
    SELECT bundle, %(queue)s::text, kind, clock_timestamp(), 1, ids FROM message
)
SELECT is_short, bundle, kind, %(queue)s::text, ids, (SELECT args FROM jobs_job WHERE id = message.ids[1])
  FROM look LEFT JOIN message ON true ORDER BY position
