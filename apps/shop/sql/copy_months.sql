-- Write the gathered months as CSV. A name or country that a spreadsheet would take for a formula gets an apostrophe.
COPY (
    SELECT to_char(m.month, 'YYYY-MM') AS month, p.code AS stock_code,
           CASE WHEN p.name ~ %(formula)s AND btrim(p.name) !~ %(number)s
                THEN '''' || p.name ELSE p.name END AS name,
           p.kind,
           CASE WHEN m.country ~ %(formula)s AND btrim(m.country) !~ %(number)s
                THEN '''' || m.country ELSE m.country END AS country,
           m.orders, m.units, m.units_returned, m.sold, m.returned, m.adjusted,
           m.sold - m.returned + m.adjusted AS net
      FROM shop_months m JOIN shop_product p ON p.id = m.product_id
     ORDER BY m.month, p.code, m.country
) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')
