-- How many seconds ago a leader wrote down that it had looked for dead workers: every few seconds, while it can write.
SELECT extract(epoch FROM clock_timestamp() - max(ran_at))::float8 FROM jobs_duty WHERE name = 'rescue'
