-- Return the parent of a job, and the first job of its family as far as the ledger still has it: for request.root_id.
-- Climbs from another job when the call named one. At most 1,000 steps: a job may enqueue itself for ever.
WITH RECURSIVE up AS (
    SELECT %(climbs_from)s::uuid AS id, 0 AS step
    UNION ALL
    SELECT j.parent_id, up.step + 1 FROM up JOIN jobs_job AS j ON j.id = up.id
     WHERE j.parent_id IS NOT NULL AND up.step < 1000
)
SELECT (SELECT parent_id FROM jobs_job WHERE id = %(id)s::uuid), (SELECT id FROM up ORDER BY step DESC LIMIT 1)
