-- Money given back, by order; each refund once.
SELECT refund_of AS order_id, sum(revenue) AS revenue, sum(total) AS total, count(*) AS refunds
FROM (
  SELECT key, max(coalesce(refund_of, order_id)) AS refund_of, max(abs(revenue)) AS revenue, max(abs(total)) AS total
  FROM shop_events WHERE action = 'refunded' GROUP BY key
) once
GROUP BY refund_of
