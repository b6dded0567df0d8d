-- Sum up the lines of whole days by month, product and country, for the statements that read them in this transaction.
-- Without a last day, up to the end of the last month that is over.
CREATE TEMPORARY TABLE shop_months AS
SELECT date_trunc('month', l.invoiced_at AT TIME ZONE 'UTC')::date AS month, l.product_id, o.country,
       count(DISTINCT o.id) FILTER (WHERE o.kind = 'sale') AS orders,
       coalesce(sum(l.quantity) FILTER (WHERE o.kind = 'sale' AND l.quantity > 0), 0) AS units,
       coalesce(-sum(l.quantity) FILTER (WHERE o.kind = 'cancellation'), 0) AS units_returned,
       coalesce(sum(l.quantity * l.unit_price) FILTER (WHERE o.kind = 'sale'), 0) AS sold,
       coalesce(-sum(l.quantity * l.unit_price) FILTER (WHERE o.kind = 'cancellation'), 0) AS returned,
       coalesce(sum(l.quantity * l.unit_price) FILTER (WHERE o.kind = 'adjustment'), 0) AS adjusted
  FROM shop_orderline l JOIN shop_order o ON o.id = l.order_id
 WHERE l.invoiced_at < (coalesce(%(until)s::date + 1, date_trunc('month', now() AT TIME ZONE 'UTC')::date)
                       )::timestamp AT TIME ZONE 'UTC'
   AND l.invoiced_at >= coalesce(%(since)s::date, '-infinity'::date)::timestamp AT TIME ZONE 'UTC'
 GROUP BY 1, 2, 3
