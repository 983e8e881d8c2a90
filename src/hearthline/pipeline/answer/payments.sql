SELECT source, payment, order_id FROM payments ORDER BY source, payment
