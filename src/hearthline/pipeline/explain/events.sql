SELECT id, source, type, time, initiator_kind, initiator_evidence, automation_kind, automation_ref_id, commerce_total,
  commerce_revenue, commerce_currency, raw_reference, raw_sha256
FROM events
WHERE commerce_order = $order OR commerce_refund_of = $order
ORDER BY time, id
