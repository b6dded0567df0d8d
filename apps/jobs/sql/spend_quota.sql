-- Take so many from a tenant's bucket, if it holds them; it fills up again with time. Say whether it did.
WITH this AS MATERIALIZED (
    SELECT clock_timestamp() AS moment
), spent AS (
    INSERT INTO jobs_bucket AS b (key, tokens, refilled_at)
    SELECT %(key)s, %(burst)s::float8 - %(jobs)s, moment FROM this WHERE %(jobs)s <= %(burst)s
    ON CONFLICT (key) DO UPDATE
       SET tokens = least(%(burst)s, b.tokens + greatest(extract(epoch FROM excluded.refilled_at - b.refilled_at), 0)
                                               * %(burst)s::float8 / %(seconds)s) - %(jobs)s,
           refilled_at = greatest(b.refilled_at, excluded.refilled_at)
     WHERE least(%(burst)s, b.tokens + greatest(extract(epoch FROM excluded.refilled_at - b.refilled_at), 0)
                                       * %(burst)s::float8 / %(seconds)s) >= %(jobs)s
    RETURNING 1
)
SELECT EXISTS (SELECT FROM spent)
