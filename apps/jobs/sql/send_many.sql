-- Put jobs that were copied in as queued into the window, each message with its jobs in their order.
INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
SELECT bundle, %(queue)s, %(kind)s, clock_timestamp(), 1, array_agg(id ORDER BY place)
  FROM unnest(%(bundles)s::uuid[], %(ids)s::uuid[]) WITH ORDINALITY AS sent (bundle, id, place)
 GROUP BY bundle
