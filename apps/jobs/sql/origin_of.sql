-- Read for whom and about what a job was enqueued: what follows it in its canvas is for the same, and belongs to the same
-- batch, if that has not ended.
SELECT owner_id, trigger, subject, tenant, COALESCE(tags, ARRAY[]::text[]), request_id,
       COALESCE((SELECT job_id FROM jobs_batch WHERE job_id = parent_id), id),
       queue
  FROM jobs_job WHERE id = %(id)s
