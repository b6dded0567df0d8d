-- Look at the next jobs of an old week and count those that are still needed: alive, ended lately, with a dead letter that
-- nobody decided about, with others that wait to be told, or part of a chord whose body waits for its result. Delete the
-- rest if asked to; what another session holds stays for the next time.
WITH looked AS MATERIALIZED (
    SELECT id, state, finished_at, options FROM {table} WHERE id > %(after)s ORDER BY id LIMIT %(batch)s
), needed AS MATERIALIZED (
    SELECT id FROM looked
     WHERE state NOT IN (6, 7, 8)
        OR finished_at > %(before)s
        OR (state = 7 AND EXISTS (SELECT FROM jobs_dead_letter AS d WHERE d.job_id = looked.id AND d.decision = ''))
        OR EXISTS (SELECT FROM jobs_unsettled AS u WHERE u.job_id = looked.id)
        OR EXISTS (SELECT FROM django_celery_results_chordcounter AS c
                    WHERE c.group_id = looked.options #>> '{request,group}')
), gone AS (
    DELETE FROM {table} WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM {table}
            WHERE %(delete)s AND id = ANY (ARRAY(SELECT id FROM looked EXCEPT SELECT id FROM needed))
              AND state IN (6, 7, 8) FOR UPDATE SKIP LOCKED))
    RETURNING 1
)
SELECT (SELECT count(*) FROM looked), (SELECT count(*) FROM needed), (SELECT count(*) FROM gone),
       (SELECT id FROM looked ORDER BY id DESC LIMIT 1)
