-- Make or rename the products of a chunk. Whoever writes off broken goods writes "damaged" where the name belongs,
-- so a line with a price names a product before one without, and a later one before an earlier one.
WITH known AS MATERIALIZED (
    SELECT n.code, p.id, p.name, p.named_at
      FROM (SELECT DISTINCT code FROM shop_staged_line) n
           LEFT JOIN LATERAL (
           SELECT p.id, p.name, p.named_at FROM shop_product p WHERE p.code = n.code OFFSET 0) p ON true
), changing AS (
    SELECT DISTINCT code
      FROM shop_staged_line s JOIN known k USING (code)
     WHERE k.id IS NULL
        OR (s.description <> ''
            AND CASE WHEN s.unit_price > 0
                     THEN k.named_at IS NULL OR (s.invoiced_at > k.named_at AND btrim(s.description) <> k.name)
                     ELSE k.named_at IS NULL AND k.name = '' END)
), latest AS (
    SELECT DISTINCT ON (s.code) s.code, s.product_kind, btrim(s.description) AS name, s.row,
           CASE WHEN s.unit_price > 0 AND s.description <> '' THEN s.invoiced_at END AS named_at
      FROM shop_staged_line s JOIN changing USING (code)
     ORDER BY s.code, named_at DESC NULLS LAST, s.description <> '' DESC, s.row
), merged AS (
    INSERT INTO shop_product AS p (code, kind, name, named_at)
    SELECT code, product_kind, name, named_at FROM latest ORDER BY row
    ON CONFLICT (code) DO UPDATE SET name = excluded.name, named_at = excluded.named_at
     WHERE CASE WHEN p.named_at IS NULL THEN excluded.named_at IS NOT NULL OR (p.name = '' AND excluded.name <> '')
                ELSE excluded.named_at > p.named_at AND excluded.name <> p.name END
    RETURNING xmax = 0 AS created
)
SELECT count(*) FILTER (WHERE created), count(*) FILTER (WHERE NOT created) FROM merged
