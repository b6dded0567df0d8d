-- Keep the receipt of an effect that was done.
UPDATE jobs_effect SET done_at = clock_timestamp(), receipt = %(receipt)s
 WHERE key = %(key)s AND lease = %(lease)s AND done_at IS NULL
