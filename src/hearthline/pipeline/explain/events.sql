-- What came twice stands there once, as it came first.
-- Equalities instead of one OR: each skips the parts of the lake that cannot hold the order. Where several shops
-- have the number, only what this one said of it and what no shop said. A refund may name the payment in its place.
WITH found AS (
  SELECT * FROM events WHERE commerce_order = $order
  UNION ALL
  SELECT * FROM events WHERE commerce_refund_of = $order AND commerce_order IS DISTINCT FROM $order
  UNION ALL
  SELECT e.* FROM events e
  JOIN payments p ON p.order_id = $order AND e.source = p.source AND coalesce(e.commerce_refund_of, e.commerce_order) = p.payment
  WHERE e.commerce_action = 'refunded'
), once AS (
  SELECT DISTINCT ON (key) * FROM found
  WHERE source = $shop OR layer IS DISTINCT FROM 'commerce' OR (SELECT count(*) FROM orders WHERE order_id = $order) = 1
  ORDER BY key, time_received, time, identity
)
SELECT id, source, type, time, initiator_kind, initiator_evidence, automation_kind, automation_ref_id, commerce_total,
  commerce_revenue, commerce_currency, raw_reference, raw_sha256
FROM once
ORDER BY time, id, source
