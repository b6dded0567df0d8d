-- Of which kinds and versions jobs are stored that may still run, or be replayed.
SELECT kind, schema_version, stands, count(*)
  FROM (SELECT kind, schema_version,
               CASE state WHEN 3 THEN 'running' WHEN 7 THEN 'dead' ELSE 'waiting' END AS stands
          FROM jobs_job WHERE state IN (0, 1, 2, 3, 5, 7)) AS alive
 GROUP BY kind, schema_version, stands
 ORDER BY kind, schema_version, stands DESC
