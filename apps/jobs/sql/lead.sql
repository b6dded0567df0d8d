-- Take or renew the lead: this keeper holds it, or its lease is over. No row returned: another keeper leads.
-- A renewal in the future was written before the clock was set back.
INSERT INTO jobs_lead AS l (id, holder, keeper, renewed_at)
SELECT 1, %(holder)s, %(keeper)s, clock_timestamp() WHERE {asynchronous_commit}
ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, keeper = excluded.keeper, renewed_at = clock_timestamp()
 WHERE l.holder = excluded.holder
    OR l.renewed_at NOT BETWEEN clock_timestamp() - %(lease)s * interval '1 second'
                            AND clock_timestamp() + %(lease)s * interval '1 second'
RETURNING id
