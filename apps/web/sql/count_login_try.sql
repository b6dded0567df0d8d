-- Count one try to log in before the password is looked at, so that many at once cannot slip through.
-- No row: the tries are used up and the break is not over. A break is not made longer by knocking.
WITH forgotten AS (
    DELETE FROM web_login_try WHERE id = ANY (ARRAY(
        SELECT id FROM web_login_try WHERE last_at < clock_timestamp() - interval '1 day'
         ORDER BY last_at LIMIT 100 FOR UPDATE SKIP LOCKED))
)
INSERT INTO web_login_try AS t (address, ip, tries, last_at)
VALUES (%(address)s, %(ip)s, 1, clock_timestamp())
ON CONFLICT (address, ip) DO UPDATE
   SET tries = CASE WHEN t.last_at < clock_timestamp() - %(rest)s THEN 1 ELSE t.tries + 1 END,
       last_at = clock_timestamp()
 WHERE t.tries < %(most)s OR t.last_at < clock_timestamp() - %(rest)s
RETURNING tries
