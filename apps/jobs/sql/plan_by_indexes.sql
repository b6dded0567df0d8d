-- Have this session read tables through their indexes: what was planned while one was thought empty would read all of it.
-- And wait for nobody's lock for long.
SELECT set_config('enable_seqscan', 'off', false), set_config('lock_timeout', %(patience)s, false)
