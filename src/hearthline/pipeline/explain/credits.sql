SELECT model, epoch_ms(time) AS time_ms, place, sum(amount) AS amount
FROM touch_credits WHERE order_id = $order AND shop = $shop
GROUP BY ALL
