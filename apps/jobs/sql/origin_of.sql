-- Read for whom and about what a job was enqueued: what follows it in its canvas is for the same.
SELECT owner_id, trigger, subject, tenant, COALESCE(tags, ARRAY[]::text[]), request_id FROM jobs_job WHERE id = %(id)s
