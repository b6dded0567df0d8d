-- An order has one customer and one country: what the order says that is there already, else what the first row
-- of this chunk says. Rows that say otherwise are taken out and told.
WITH said AS (
    SELECT DISTINCT ON (number) number, customer, country FROM shop_staged_line ORDER BY number, row
), known AS (
    SELECT said.number,
           CASE WHEN o.id IS NULL THEN said.customer ELSE c.number END AS customer,
           coalesce(o.country, said.country) AS country
      FROM said
           LEFT JOIN shop_order o ON o.number = said.number
           LEFT JOIN shop_customer c ON c.id = o.customer_id
), emptied AS (
    DELETE FROM shop_staged_order
)
DELETE FROM shop_staged_line s USING known k
 WHERE k.number = s.number AND (s.customer IS DISTINCT FROM k.customer OR s.country <> k.country)
RETURNING s.row, s.number, s.customer, s.country, k.customer, k.country
