-- Write down a file that a job left, or that a later attempt left in its place; fenced by the lease.
-- Answers whether it was kept, since a job may leave so many, and the path of the file that it replaces.
-- No row: the lease was lost.
WITH holder AS (
    SELECT id, (SELECT count(*) FROM jobs_artifact WHERE job_id = %(id)s AND name <> %(name)s) < %(most)s AS has_room
      FROM jobs_job WHERE id = %(id)s AND lease = %(lease)s AND state = 3
), before AS (
    SELECT path FROM jobs_artifact WHERE job_id = %(id)s AND name = %(name)s
), kept AS (
    INSERT INTO jobs_artifact AS a (job_id, name, path, bytes, made_at)
    SELECT id, %(name)s, %(path)s, %(bytes)s, clock_timestamp() FROM holder WHERE has_room
    ON CONFLICT (job_id, name) DO UPDATE
       SET path = excluded.path, bytes = excluded.bytes, made_at = excluded.made_at
    RETURNING id
)
SELECT EXISTS (SELECT FROM kept), (SELECT path FROM before) FROM holder
