-- Sum up the gathered months.
SELECT count(*), count(DISTINCT month), coalesce(sum(sold), 0), coalesce(sum(returned), 0), coalesce(sum(adjusted), 0),
       coalesce(sum(sold - returned + adjusted), 0)
  FROM shop_months
