-- Whether the database accepts no writes, whether a keeper holds the lead or did a task lately, and the keeper's tasks
-- that ran lately, those that failed first.
WITH this AS (
    SELECT clock_timestamp() AS now, make_interval(secs => %(silent)s) AS silent, make_interval(secs => %(lease)s) AS lease
)
SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery(),
       EXISTS (SELECT FROM jobs_lead WHERE renewed_at BETWEEN this.now - this.lease AND this.now + this.lease)
       OR EXISTS (SELECT FROM jobs_duty WHERE ran_at BETWEEN this.now - this.silent / 2 AND this.now + this.silent / 2),
       duty.name, duty.error
  FROM this
  LEFT JOIN jobs_duty AS duty ON duty.ran_at BETWEEN this.now - this.silent AND this.now + this.silent
 ORDER BY duty.error = '', duty.name
