SELECT m.model, m.title, coalesce(sum(t.amount), 0) AS credited, any_value(o.net) - coalesce(sum(t.amount), 0) AS unattributed
FROM models m
JOIN orders o ON o.order_id = $order AND o.shop = $shop
LEFT JOIN touch_credits t ON t.model = m.model AND t.order_id = o.order_id AND t.shop = o.shop
WHERE m.state = 'ok'
GROUP BY m.model, m.title
ORDER BY m.model
