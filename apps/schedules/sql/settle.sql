-- Write down what came of moments that waited or were asked about.
UPDATE schedules_moment AS moment SET outcome = new.outcome, job_id = new.job_id
  FROM unnest(%(ids)s::bigint[], %(outcomes)s::text[], %(job_ids)s::uuid[]) AS new (id, outcome, job_id)
 WHERE moment.id = new.id
