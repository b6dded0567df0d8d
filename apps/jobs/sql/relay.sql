-- Take waiting jobs out of the line and into the window, packed into messages. The caller holds the relay's lock.
-- By turns: a few of each lane, the lanes that had the least so far first; else everybody, in the order of the line.
-- A limited job is taken while its key has a free place and a token; what its key cannot take stays in line.
-- Its key counts under the first name that its kind ever had, whichever it was stored with. A kind that this release
-- does not know may be one of its own under its next name: then the job's key says so.
-- Rows that another session holds (a cancel) are left for the next look. Lanes and buckets are asked for by their keys,
-- not joined: there may be a million, of which this touches hundreds.
WITH this AS MATERIALIZED (
    SELECT clock_timestamp() AS moment
), limited AS MATERIALIZED (
    SELECT * FROM unnest(%(limited)s::text[], %(counts_as)s::text[], %(concurrency)s::int[], %(burst)s::int[],
                         %(seconds)s::int[]) AS declared (kind, name, concurrency, burst, seconds)
), held AS MATERIALIZED (
    SELECT key, count(*) AS slots FROM jobs_slot GROUP BY key
), next AS (
    SELECT lane, vtime, weight FROM jobs_lane
     WHERE %(by_turns)s AND queue = %(queue)s AND has_ready
       AND (blocked_until IS NULL OR blocked_until <= (SELECT moment FROM this))
       AND limit_key NOT IN (SELECT held.key FROM held JOIN limited ON limited.name = split_part(held.key, ':', 1)
                              WHERE held.slots >= limited.concurrency)
     ORDER BY vtime, lane LIMIT least(%(rows)s, 500)
), lane AS MATERIALIZED (
    SELECT lane, vtime, weight, ceil(%(rows)s * weight / sum(weight) OVER ())::int AS quantum FROM next
), candidate AS (
    SELECT first.place, lane.lane, first.rank, first.id, first.kind, first.alone,
           lane.vtime + first.nth / lane.weight AS turn
      FROM lane CROSS JOIN LATERAL (
           SELECT ctid AS place, rank, id, kind, alone, row_number() OVER (ORDER BY rank, id) AS nth
             FROM jobs_ready AS r WHERE r.queue = %(queue)s AND r.lane = lane.lane
            ORDER BY rank, id LIMIT lane.quantum) AS first
    UNION ALL
    (SELECT ctid, lane, rank, id, kind, alone, 0 FROM jobs_ready
      WHERE NOT %(by_turns)s AND queue = %(queue)s LIMIT %(rows)s)
), offered AS MATERIALIZED (
    SELECT candidate.*,
           CASE WHEN limited.kind IS NULL AND (candidate.kind <> ALL (%(known)s::text[])) IS NOT TRUE THEN ''
                ELSE COALESCE(
                     (SELECT COALESCE(limited.name || substr(limit_key, 1 + length(split_part(limit_key, ':', 1))),
                                      limit_key)
                        FROM jobs_job WHERE id = candidate.id AND limit_key <> ''), '') END AS key
      FROM candidate LEFT JOIN limited USING (kind)
), free AS MATERIALIZED (
    SELECT asked.key, limited.concurrency, limited.burst, limited.seconds, filled.tokens,
           least(limited.concurrency - COALESCE(held.slots, 0), floor(filled.tokens)) AS jobs
      FROM (SELECT DISTINCT key FROM offered WHERE key <> '') AS asked
      JOIN (SELECT DISTINCT ON (name) * FROM limited) AS limited ON limited.name = split_part(asked.key, ':', 1)
      LEFT JOIN held USING (key)
      LEFT JOIN LATERAL (SELECT tokens, refilled_at FROM jobs_bucket
                          WHERE jobs_bucket.key = asked.key LIMIT 1) AS b ON true
      CROSS JOIN this
      CROSS JOIN LATERAL (
           SELECT CASE WHEN limited.burst IS NOT NULL THEN least(limited.burst, COALESCE(
                  b.tokens + greatest(extract(epoch FROM this.moment - b.refilled_at), 0) * limited.burst
                             / limited.seconds, limited.burst)) END AS tokens) AS filled
), admitted AS (
    SELECT place, lane, rank, id, kind, alone, turn, key,
           row_number() OVER (ORDER BY turn, rank, id) AS position,
           row_number() OVER (PARTITION BY kind, alone ORDER BY turn, rank, id) AS nth,
           count(*) OVER (PARTITION BY kind, alone) AS many
      FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY turn, rank, id) AS nth_of_key FROM offered) AS each
      LEFT JOIN free USING (key)
     WHERE kind <> ALL (%(paused)s::text[]) AND (free.jobs IS NULL OR nth_of_key <= free.jobs)
), packed AS MATERIALIZED (
    SELECT admitted.*,
           (nth - 1) / CASE WHEN alone THEN 1 ELSE
                       least(COALESCE(fill.most, 1), greatest(fill.least, ceil(many / %(slots)s::numeric)::int)) END AS part
      FROM admitted
      LEFT JOIN unnest(%(kinds)s::text[], %(most)s::int[], %(least)s::int[]) AS fill (kind, most, least) USING (kind)
), message AS MATERIALIZED (
    SELECT kind, alone, part, min(position) AS position, gen_random_uuid() AS bundle
      FROM packed GROUP BY kind, alone, part ORDER BY min(position) LIMIT %(room)s
), out_of_line AS (
    DELETE FROM jobs_ready WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM jobs_ready
            WHERE ctid = ANY (ARRAY(SELECT place FROM packed JOIN message USING (kind, alone, part)))
              FOR UPDATE SKIP LOCKED))
    RETURNING id
), taken AS MATERIALIZED (
    SELECT packed.id, packed.lane, packed.key, packed.position, packed.kind, message.bundle
      FROM packed JOIN message USING (kind, alone, part) JOIN out_of_line USING (id)
), spent AS MATERIALIZED (
    SELECT key, count(*) AS jobs FROM taken WHERE key <> '' GROUP BY key
), slots AS (
    INSERT INTO jobs_slot (job_id, key, taken_at)
    SELECT id, key, this.moment FROM taken JOIN free USING (key) CROSS JOIN this WHERE free.concurrency IS NOT NULL
    ON CONFLICT (job_id) DO UPDATE SET key = excluded.key, taken_at = excluded.taken_at
), tokens AS (
    INSERT INTO jobs_bucket (key, tokens, refilled_at)
    SELECT key, free.tokens - spent.jobs, this.moment FROM spent JOIN free USING (key) CROSS JOIN this
     WHERE free.burst IS NOT NULL
    ON CONFLICT (key) DO UPDATE SET tokens = excluded.tokens, refilled_at = excluded.refilled_at
), served AS (
    SELECT lane.lane, lane.quantum, count(offered.id) AS offered, count(taken.id) AS taken, max(offered.key) AS key
      FROM lane LEFT JOIN offered USING (lane) LEFT JOIN taken ON taken.id = offered.id GROUP BY lane.lane, lane.quantum
), turns AS (
    UPDATE jobs_lane AS l
       SET vtime = l.vtime + served.taken / l.weight,
           has_ready = served.offered > served.taken OR served.offered >= served.quantum,
           blocked_until = (
               SELECT this.moment + (1 - rest.tokens) * free.seconds / free.burst * interval '1 second'
                 FROM free CROSS JOIN this
                 CROSS JOIN LATERAL (SELECT free.tokens - COALESCE((SELECT jobs FROM spent WHERE key = free.key), 0)
                                            AS tokens) AS rest
                WHERE free.key = served.key AND rest.tokens < 1)
      FROM served
     WHERE l.queue = %(queue)s AND l.lane = ANY (ARRAY(SELECT lane FROM lane)) AND l.lane = served.lane
)
INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
SELECT bundle, %(queue)s, kind, clock_timestamp(), 1, array_agg(id ORDER BY position)
  FROM taken GROUP BY bundle, kind ORDER BY min(position)
RETURNING id, kind, queue, ids
