-- Have what was measured by a clock that somebody set start anew: what lies in the future, and after a jump whatever
-- waits for a silence. Nobody waits for a row here; what another session holds just changes by itself.
WITH this AS MATERIALIZED (
    SELECT clock_timestamp() AS now
), workers AS (
    UPDATE jobs_worker SET heartbeat_at = this.now FROM this
     WHERE id IN (SELECT id FROM jobs_worker
                   WHERE stopped_at IS NULL AND (%(jumped)s OR heartbeat_at > (SELECT now FROM this)) FOR UPDATE SKIP LOCKED)
), messages AS (
    UPDATE jobs_bundle SET published_at = this.now FROM this
     WHERE id IN (SELECT id FROM jobs_bundle WHERE published_at > (SELECT now FROM this) FOR UPDATE SKIP LOCKED)
), batches AS (
    UPDATE jobs_batch SET look_at = this.now FROM this
     WHERE job_id IN (SELECT job_id FROM jobs_batch WHERE look_at > (SELECT now FROM this) FOR UPDATE SKIP LOCKED)
), buckets AS (
    UPDATE jobs_bucket SET refilled_at = this.now FROM this
     WHERE key IN (SELECT key FROM jobs_bucket WHERE refilled_at > (SELECT now FROM this) FOR UPDATE SKIP LOCKED)
)
UPDATE jobs_lane SET blocked_until = NULL
 WHERE (queue, lane) IN (SELECT queue, lane FROM jobs_lane
                          WHERE %(jumped)s AND blocked_until IS NOT NULL FOR UPDATE SKIP LOCKED)
