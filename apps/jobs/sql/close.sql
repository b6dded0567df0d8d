-- Take a bundle out of the window; lost by a crash, the sweep finds it.
DELETE FROM jobs_bundle
 WHERE id = %(bundle)s AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
