-- Say whether a row may contradict the order it belongs to: another row of the chunk, or what is there already.
SELECT EXISTS (
    SELECT FROM shop_staged_order s
      LEFT JOIN LATERAL (
           SELECT o.country, o.customer_id FROM shop_order o WHERE o.number = s.number OFFSET 0) o ON true
      LEFT JOIN LATERAL (SELECT c.number FROM shop_customer c WHERE c.id = o.customer_id OFFSET 0) c ON true
     WHERE NOT s.agrees OR s.country <> o.country OR (o.country IS NOT NULL AND s.customer IS DISTINCT FROM c.number))
