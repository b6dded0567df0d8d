-- Put jobs that were copied in as queued into the window, each message with its jobs in their order.
INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
SELECT bundle, %(queue)s, %(kind)s, clock_timestamp(), 1, ids::uuid[]
  FROM unnest(%(bundles)s::uuid[], %(ids)s::text[]) AS sent (bundle, ids)
