-- Add the lines of a chunk that are not there yet. A line is known by what it says (its order and fingerprint) and,
-- among lines that say the same, by its copy number. Of the copies that were there before this import began, each
-- can be matched by one row of the import; rows beyond them are new copies.
-- The look-ups are LATERAL ... OFFSET 0 so that they stay index probes, however large the tables grow.
WITH orders AS MATERIALIZED (
    SELECT s.number, o.id, EXISTS (SELECT FROM shop_orderline l WHERE l.order_id = o.id) AS has_lines
      FROM shop_staged_order s
           CROSS JOIN LATERAL (SELECT o.id FROM shop_order o WHERE o.number = s.number OFFSET 0) o
), products AS MATERIALIZED (
    SELECT n.code, p.id
      FROM (SELECT DISTINCT code FROM shop_staged_line) n
           CROSS JOIN LATERAL (SELECT p.id FROM shop_product p WHERE p.code = n.code OFFSET 0) p
), said AS (
    SELECT o.id AS order_id, s.fingerprint, max(s.nth) AS rows
      FROM shop_staged_line s JOIN orders o USING (number) WHERE o.has_lines GROUP BY o.id, s.fingerprint
), known AS MATERIALIZED (
    SELECT said.order_id, said.fingerprint, l.last_copy,
           greatest(least(said.rows, l.lines - l.ours - coalesce(m.rows, 0)), 0) AS matched
      FROM said
           CROSS JOIN LATERAL (
           SELECT count(*) AS lines, count(*) FILTER (WHERE l.import_id = %(import_id)s) AS ours,
                  max(l.copy) AS last_copy
             FROM shop_orderline l
            WHERE l.order_id = said.order_id AND l.fingerprint = said.fingerprint) l
           LEFT JOIN LATERAL (
           SELECT m.rows FROM shop_matchedline m
            WHERE m.import_id = %(import_id)s AND m.order_id = said.order_id AND m.fingerprint = said.fingerprint
           OFFSET 0) m ON true
     WHERE l.lines > 0
), added AS (
    INSERT INTO shop_orderline (order_id, product_id, import_id, invoiced_at, quantity, copy, unit_price,
                                stock_code, description)
    SELECT o.id, p.id, %(import_id)s, s.invoiced_at, s.quantity,
           coalesce(k.last_copy, 0) + s.nth - coalesce(k.matched, 0), s.unit_price, s.stock_code, s.description
      FROM shop_staged_line s
           JOIN orders o USING (number)
           JOIN products p USING (code)
           LEFT JOIN known k ON k.order_id = o.id AND k.fingerprint = s.fingerprint
     WHERE s.nth > coalesce(k.matched, 0)
    RETURNING 1
), remembered AS (
    INSERT INTO shop_matchedline AS m (import_id, order_id, fingerprint, rows)
    SELECT %(import_id)s, order_id, fingerprint, matched FROM known WHERE matched > 0
    ON CONFLICT (import_id, order_id, fingerprint) DO UPDATE SET rows = m.rows + excluded.rows
)
SELECT (SELECT count(*) FROM added), (SELECT coalesce(sum(matched), 0)::bigint FROM known)
