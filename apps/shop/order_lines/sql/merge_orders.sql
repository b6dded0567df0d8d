-- Make the orders of a chunk; entering a long order takes minutes, so its time is that of its earliest line.
WITH merged AS (
    INSERT INTO shop_order AS o (number, kind, customer_id, country, ordered_at)
    SELECT s.number, s.kind, c.id, s.country, s.first_at
      FROM shop_staged_order s
           LEFT JOIN LATERAL (SELECT c.id FROM shop_customer c WHERE c.number = s.customer OFFSET 0) c ON true
     ORDER BY s.row
    ON CONFLICT (number) DO UPDATE SET ordered_at = excluded.ordered_at WHERE excluded.ordered_at < o.ordered_at
    RETURNING xmax = 0 AS created
)
SELECT count(*) FILTER (WHERE created), count(*) FILTER (WHERE NOT created) FROM merged
