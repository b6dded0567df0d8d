-- Move schedules that fired on to their next moment.
UPDATE schedules_plan AS plan SET next_at = new.next_at, problem = new.problem
  FROM unnest(%(ids)s::int[], %(next_at)s::timestamptz[], %(problem)s::text[]) AS new (id, next_at, problem)
 WHERE plan.schedule_id = new.id
