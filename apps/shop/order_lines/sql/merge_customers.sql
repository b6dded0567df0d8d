-- Make or widen the customers of a chunk; the latest order says where a customer is.
WITH merged AS (
    INSERT INTO shop_customer AS c (number, country, first_order_at, last_order_at)
    SELECT customer, (array_agg(country ORDER BY last_at DESC, number DESC))[1], min(first_at), max(last_at)
      FROM shop_staged_order WHERE customer IS NOT NULL GROUP BY customer ORDER BY min(row)
    ON CONFLICT (number) DO UPDATE
       SET country = CASE WHEN excluded.last_order_at > c.last_order_at THEN excluded.country ELSE c.country END,
           first_order_at = least(c.first_order_at, excluded.first_order_at),
           last_order_at = greatest(c.last_order_at, excluded.last_order_at)
     WHERE excluded.first_order_at < c.first_order_at OR excluded.last_order_at > c.last_order_at
    RETURNING xmax = 0 AS created
)
SELECT count(*) FILTER (WHERE created), count(*) FILTER (WHERE NOT created) FROM merged
