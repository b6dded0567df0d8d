-- Count one try to log in before the password is looked at, so that many at once cannot slip through.
-- A row is missing from the answer when its limit is reached; the caller then rolls back. A total counts a fixed
-- time from its first try; the tries of an account from a place are counted anew after a break without any.
WITH forgotten AS (
    DELETE FROM web_login_try WHERE id = ANY (ARRAY(
        SELECT id FROM web_login_try WHERE last_at < clock_timestamp() - interval '1 day'
         ORDER BY last_at LIMIT 100 FOR UPDATE SKIP LOCKED))
), limits AS (
    SELECT account, place, most FROM unnest(%(accounts)s::text[], %(places)s::inet[], %(most)s::smallint[])
        WITH ORDINALITY AS given (account, place, most, number) ORDER BY number
)
INSERT INTO web_login_try AS t (address, ip, tries, last_at)
SELECT account, place, 1, clock_timestamp() FROM limits
ON CONFLICT (address, ip) DO UPDATE
   SET tries = CASE WHEN t.last_at < clock_timestamp() - %(rest)s THEN 1 ELSE t.tries + 1 END,
       last_at = CASE WHEN t.last_at >= clock_timestamp() - %(rest)s AND (t.address = '' OR t.ip = 'ff02::1')
                      THEN t.last_at ELSE clock_timestamp() END
 WHERE t.last_at < clock_timestamp() - %(rest)s
    OR t.tries < (SELECT most FROM limits WHERE account = t.address AND place = t.ip)
RETURNING address, host(ip), tries
