-- Return how many seconds it is until the next moment, an hour at most: infinity has no difference to a time.
SELECT extract(epoch FROM GREATEST(LEAST(min(next_at), clock_timestamp() + interval '1 hour'),
                                   clock_timestamp() - interval '1 hour') - clock_timestamp())::float8
  FROM schedules_plan WHERE next_at IS NOT NULL AND NOT edited
