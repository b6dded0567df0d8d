-- Forget an effect that was begun and certainly did not happen.
DELETE FROM jobs_effect WHERE key = %(key)s AND lease = %(lease)s AND done_at IS NULL
