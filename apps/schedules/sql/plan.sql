-- Write down what was worked out for edited schedules.
UPDATE schedules_plan AS plan
   SET edited = false, timing = new.timing, next_at = new.next_at, problem = new.problem
  FROM unnest(%(ids)s::int[], %(timing)s::text[], %(next_at)s::timestamptz[], %(problem)s::text[])
       AS new (id, timing, next_at, problem)
 WHERE plan.schedule_id = new.id
