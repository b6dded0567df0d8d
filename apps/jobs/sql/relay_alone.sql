-- Be the only one who relays until this transaction ends: what limits count is exact then. False: another does.
-- And have the next statements planned without nested loops over their own steps, whose sizes the planner cannot guess:
-- it takes thousands of rows for one, and a minute for what takes milliseconds. Nobody waits until the move is on the
-- disk: lost by a crash of the database, the jobs stand in line again and their messages are stale.
SELECT pg_try_advisory_xact_lock(%(lock)s), set_config('enable_nestloop', 'off', true),
       set_config('synchronous_commit', 'off', true)
