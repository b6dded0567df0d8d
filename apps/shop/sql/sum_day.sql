-- Sum up a day by country from all its lines, whenever they came; write the countries that differ from before.
WITH summed AS MATERIALIZED (
    SELECT o.country, count(DISTINCT o.id) FILTER (WHERE o.kind = 'sale') AS orders, count(*) AS lines,
           coalesce(sum(l.quantity) FILTER (WHERE o.kind = 'sale' AND l.quantity > 0), 0) AS units,
           coalesce(sum(l.quantity * l.unit_price) FILTER (WHERE o.kind = 'sale'), 0) AS sold,
           coalesce(-sum(l.quantity * l.unit_price) FILTER (WHERE o.kind = 'cancellation'), 0) AS returned,
           coalesce(sum(l.quantity * l.unit_price) FILTER (WHERE o.kind = 'adjustment'), 0) AS adjusted
      FROM shop_orderline l JOIN shop_order o ON o.id = l.order_id
     WHERE l.invoiced_at >= %(day)s::date::timestamp AT TIME ZONE 'UTC'
       AND l.invoiced_at < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC'
     GROUP BY o.country
), gone AS (
    DELETE FROM shop_dailysales d
     WHERE d.day = %(day)s AND NOT EXISTS (SELECT FROM summed s WHERE s.country = d.country)
    RETURNING 1
), written AS (
    INSERT INTO shop_dailysales AS d (day, country, orders, lines, units, sold, returned, adjusted)
    SELECT %(day)s, country, orders, lines, units, sold, returned, adjusted FROM summed ORDER BY country
    ON CONFLICT (day, country) DO UPDATE
       SET orders = excluded.orders, lines = excluded.lines, units = excluded.units, sold = excluded.sold,
           returned = excluded.returned, adjusted = excluded.adjusted
     WHERE (d.orders, d.lines, d.units, d.sold, d.returned, d.adjusted) IS DISTINCT FROM
           (excluded.orders, excluded.lines, excluded.units, excluded.sold, excluded.returned, excluded.adjusted)
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)
