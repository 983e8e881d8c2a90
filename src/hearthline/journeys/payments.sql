-- The order that a payment is of, by who tells of both: where the payment is of one alone, and is no order itself.
SELECT s.source, s.payment, min(s.order_id) AS order_id
FROM shop_events s
ANTI JOIN order_versions own ON s.source = own.shop AND s.payment = own.order_id
WHERE s.action IN ('placed', 'paid') AND s.order_id <> s.payment
GROUP BY s.source, s.payment HAVING count(DISTINCT s.order_id) = 1
