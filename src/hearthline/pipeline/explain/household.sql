SELECT h.*, coalesce(o.orders, 0) AS orders, coalesce(o.net, 0) AS net
FROM households h
LEFT JOIN (SELECT unit, count(*) AS orders, sum(net) AS net FROM orders WHERE status = 'placed' GROUP BY unit) o USING (unit)
WHERE h.unit = $unit
