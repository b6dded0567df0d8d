-- Sum up the orders of a chunk.
INSERT INTO shop_staged_order
SELECT number, min(kind), min(customer), min(country), min(invoiced_at), max(invoiced_at), min(row),
       min(country) = max(country) AND min(customer) IS NOT DISTINCT FROM max(customer)
       AND count(customer) IN (0, count(*))
  FROM shop_staged_line GROUP BY number
