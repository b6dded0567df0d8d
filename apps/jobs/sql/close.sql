-- Take a bundle out of the window of which nothing runs any more; lost by a crash, the sweep finds it.
DELETE FROM jobs_bundle AS b
 WHERE id = %(bundle)s AND {asynchronous_commit}
   AND NOT EXISTS (SELECT FROM jobs_job AS j WHERE j.id = ANY (b.ids) AND j.state = 3)
