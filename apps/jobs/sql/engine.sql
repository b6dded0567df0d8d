-- Whether the database accepts no writes, and the keeper's tasks that ran lately, those that failed first.
SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery(), duty.name, duty.error
  FROM (SELECT clock_timestamp() AS now, make_interval(secs => %(silent)s) AS silent) AS this
  LEFT JOIN jobs_duty AS duty ON duty.ran_at BETWEEN this.now - this.silent AND this.now + this.silent
 ORDER BY duty.error = '', duty.name
