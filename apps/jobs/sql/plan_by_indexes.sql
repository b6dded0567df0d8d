-- Have this session read tables through their indexes: what was planned while one was thought empty would read all of it.
SELECT set_config('enable_seqscan', 'off', false)
