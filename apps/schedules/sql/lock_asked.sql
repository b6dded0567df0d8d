-- Lock missed moments that somebody decides about; those decided already, or in another's hands, are not in the answer.
SELECT id, schedule_id FROM schedules_moment
 WHERE id = ANY (%(ids)s::bigint[]) AND outcome = 'asked' ORDER BY schedule_id, at FOR NO KEY UPDATE SKIP LOCKED
