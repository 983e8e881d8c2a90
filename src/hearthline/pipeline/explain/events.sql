-- What came twice stands there once, as it came first.
-- Equalities instead of one OR: each skips the parts of the lake that cannot hold the order. Where several shops
-- have the number, only what this one said of it and what no shop said. A refund that names the payment is told too,
-- where the payment is of this order alone.
WITH named AS (
  SELECT * FROM events WHERE commerce_order = $order
), paid AS (
  SELECT DISTINCT source, correlation_token AS payment FROM named
  WHERE commerce_action IN ('placed', 'paid') AND correlation_token <> $order
), own AS (
  SELECT source, payment FROM paid
  ANTI JOIN (
    SELECT e.source, payment FROM events e JOIN paid p ON e.source = p.source AND e.correlation_token = p.payment
    WHERE e.commerce_action IN ('placed', 'paid') AND e.commerce_order <> $order
  ) other USING (source, payment)
), found AS (
  SELECT * FROM named
  UNION ALL
  SELECT * FROM events WHERE commerce_refund_of = $order AND commerce_order IS DISTINCT FROM $order
  UNION ALL
  SELECT e.* FROM events e JOIN own ON e.source = own.source AND coalesce(e.commerce_refund_of, e.commerce_order) = own.payment
  WHERE e.commerce_action = 'refunded' AND e.commerce_refund_of IS DISTINCT FROM $order
), once AS (
  SELECT DISTINCT ON (key) * FROM found
  WHERE source = $shop OR layer IS DISTINCT FROM 'commerce' OR (SELECT count(*) FROM orders WHERE order_id = $order) = 1
  ORDER BY key, time_received, time, identity
)
SELECT id, source, type, time, initiator_kind, initiator_evidence, automation_kind, automation_ref_id, commerce_total,
  commerce_revenue, commerce_currency, raw_reference, raw_sha256
FROM once
ORDER BY time, id, source
