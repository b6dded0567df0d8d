-- Delete results that expired, but not of parts of a chord whose body waits for them, nor pointers from ids to jobs.
WITH part AS MATERIALIZED (
    SELECT jsonb_path_query(sub_tasks::jsonb, 'strict $.** ? (@.type() == "string")') #>> '{}' AS id
      FROM django_celery_results_chordcounter
), gone AS (
    DELETE FROM django_celery_results_taskresult AS r
     WHERE r.date_done < statement_timestamp() - %(expires)s::interval
       AND r.status <> %(pointer)s
       AND NOT EXISTS (SELECT FROM part WHERE part.id = r.task_id)
    RETURNING 1
)
SELECT count(*) FROM gone
