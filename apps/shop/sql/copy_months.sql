-- Write the gathered months as CSV. What a spreadsheet would take for a formula in a name or country, also behind a
-- separator, gets an apostrophe.
COPY (
    SELECT to_char(m.month, 'YYYY-MM') AS month, p.code AS stock_code,
           CASE WHEN p.name ~ %(formula)s AND btrim(p.name) !~ %(number)s THEN '''' ELSE '' END
           || regexp_replace(p.name, %(part)s, %(marked_part)s, 'g') AS name,
           p.kind,
           CASE WHEN m.country ~ %(formula)s AND btrim(m.country) !~ %(number)s THEN '''' ELSE '' END
           || regexp_replace(m.country, %(part)s, %(marked_part)s, 'g') AS country,
           m.orders, m.units, m.units_returned, m.sold, m.returned, m.adjusted,
           m.sold - m.returned + m.adjusted AS net
      FROM shop_months m JOIN shop_product p ON p.id = m.product_id
     ORDER BY m.month, p.code, m.country
) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE (stock_code, name, kind, country), ENCODING 'UTF8')
