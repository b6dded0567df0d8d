-- What each kind did in the current minute and the 59 before it, and how many of its jobs ended in each.
WITH span AS MATERIALIZED (
    SELECT date_bin('1 minute', statement_timestamp(), 'epoch') - interval '59 minutes' AS start
), minute AS (
    SELECT kind, at, (date_part('epoch', at - start) / 60)::int AS place, sum(succeeded) AS succeeded, sum(dead) AS dead,
           sum(failed_attempts) AS failed_attempts, sum(ran_s) AS ran_s
      FROM span JOIN jobs_rollup ON seconds = 60 AND at >= start AND at < start + interval '1 hour'
     GROUP BY kind, at, start
)
SELECT kind, sum(succeeded)::int, sum(dead)::int, sum(failed_attempts)::int, sum(ran_s) / NULLIF(sum(succeeded), 0),
       array_agg(place ORDER BY place), array_agg(at ORDER BY place), array_agg(succeeded::int ORDER BY place),
       array_agg(dead::int ORDER BY place)
  FROM minute GROUP BY kind
