-- Count the jobs that name this one as their parent, by state.
SELECT state, count(*) FROM jobs_job WHERE parent_id = %(id)s GROUP BY state
