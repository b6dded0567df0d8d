-- Say which job, or which task of another package, gives the result of a job that replaced itself.
UPDATE jobs_job SET options = COALESCE(options, '{}') || jsonb_build_object('replaced_by', %(replacement)s::text)
 WHERE id = %(id)s
