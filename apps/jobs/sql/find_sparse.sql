-- Find tables of which each search reads all pages and that have many pages for few rows, removed rows counted too.
SELECT relname FROM pg_class
 WHERE oid IN ('jobs_bundle'::regclass, 'jobs_lane'::regclass)
   AND pg_relation_size(oid) > greatest(%(least_bytes)s,
       200 * (pg_stat_get_live_tuples(oid) + pg_stat_get_dead_tuples(oid)))
