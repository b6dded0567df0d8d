-- Write down which job each fact became at which listener.
INSERT INTO events_delivery (fact_id, kind, job_id, at)
SELECT fact_id, kind, job_id, clock_timestamp()
  FROM unnest(%(facts)s::uuid[], %(kinds)s::text[], %(jobs)s::uuid[]) AS new (fact_id, kind, job_id)
