-- Count runs where the admin shows them; a schedule that runs once is switched off with its run.
UPDATE django_celery_beat_periodictask
   SET last_run_at = clock_timestamp(), total_run_count = total_run_count + 1,
       enabled = enabled AND NOT one_off AND clocked_id IS NULL
 WHERE id = ANY (%(ids)s)
