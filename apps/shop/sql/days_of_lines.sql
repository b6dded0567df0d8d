-- The days, in UTC, of the lines of a span.
SELECT DISTINCT (invoiced_at AT TIME ZONE 'UTC')::date AS day
  FROM shop_orderline WHERE id > %(after)s AND id <= %(upto)s ORDER BY day
