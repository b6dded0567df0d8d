-- Take hold of messages of paused queues and kinds that no worker claimed yet: a claim needs the bundle's row, so from
-- here on it waits, and then finds it gone. One that is being claimed right now is left for the next look. The kinds
-- come with all their names.
SELECT b.id FROM jobs_bundle AS b
 WHERE (b.kind = ANY (%(kinds)s::text[])
        OR EXISTS (SELECT FROM jobs_pause AS p
                    WHERE p.scope = 'queue' AND p.name = b.queue AND (p.until IS NULL OR p.until > clock_timestamp())))
   AND NOT EXISTS (SELECT FROM jobs_job AS j WHERE j.id = ANY (b.ids) AND j.state = 3)
 ORDER BY b.id LIMIT 500 FOR UPDATE SKIP LOCKED
