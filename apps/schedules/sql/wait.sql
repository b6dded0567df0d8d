-- Say how many seconds it is until the next moment.
SELECT extract(epoch FROM min(next_at) - clock_timestamp())::float8
  FROM schedules_plan WHERE next_at IS NOT NULL AND NOT edited
