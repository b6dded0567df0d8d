-- Put messages into the window, each with its jobs in their order.
INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
SELECT bundle, queue, kind, clock_timestamp(), 1, ids::uuid[]
  FROM unnest(%(bundles)s::uuid[], %(queues)s::text[], %(kinds)s::text[], %(ids)s::text[])
       AS sent (bundle, queue, kind, ids)
