-- Bring the prices of the products that lines of a span sold up to date. Goods that come back, stock that is written
-- off and the books say nothing about a price, nor do charges such as postage, which differ each time. Of lines of the
-- same minute the lowest price counts, so that the order in which they came does not matter.
-- Rows are taken in the order of their keys, so that two such statements wait for one another and do not deadlock.
-- Answers how many prices are new, how many changed, and of how many only the latest sale is later now.
WITH latest AS (
    SELECT DISTINCT ON (l.product_id) l.product_id, l.unit_price, l.invoiced_at
      FROM shop_orderline l JOIN shop_product p ON p.id = l.product_id
     WHERE l.id > %(after)s AND l.id <= %(upto)s AND l.quantity > 0 AND l.unit_price > 0 AND p.kind <> 'charge'
     ORDER BY l.product_id, l.invoiced_at DESC, l.unit_price
), before AS MATERIALIZED (
    SELECT p.product_id, p.unit_price FROM shop_price p JOIN latest USING (product_id)
), merged AS (
    INSERT INTO shop_price AS p (product_id, unit_price, invoiced_at)
    SELECT product_id, unit_price, invoiced_at FROM latest ORDER BY product_id
    ON CONFLICT (product_id) DO UPDATE SET unit_price = excluded.unit_price, invoiced_at = excluded.invoiced_at
     WHERE (excluded.invoiced_at, -excluded.unit_price) > (p.invoiced_at, -p.unit_price)
    RETURNING p.product_id, p.unit_price
)
SELECT count(*) FILTER (WHERE b.product_id IS NULL), count(*) FILTER (WHERE m.unit_price <> b.unit_price),
       count(*) FILTER (WHERE m.unit_price = b.unit_price)
  FROM merged m LEFT JOIN before b USING (product_id)
