-- Orders with net money in the reporting currency. An order without a price that a shop tells with one is the same
-- order told twice and is left out; the shop's is then the machine's.
SELECT o.shop, o.order_id, o.source, o.time_us, o.identity, o.usable,
  CASE WHEN o.kind = 'person' AND claimed.kind IS NOT NULL THEN claimed.kind ELSE o.kind END AS kind,
  o.by_human, o.modality, o.step, o.cancelled,
  o.currency, o.revenue IS NOT NULL AS value_known,
  CAST(coalesce(o.total, 0) * x.rate AS DECIMAL(24, 6)) AS gross,
  CAST(CASE WHEN o.cancelled THEN 0 ELSE greatest(coalesce(o.revenue, 0) - coalesce(r.revenue, 0), 0) END * x.rate AS DECIMAL(24, 6)) AS net,
  CAST(coalesce(r.revenue, 0) * x.rate AS DECIMAL(24, 6)) AS refunded,
  x.rate IS NOT NULL AS convertible,
  CASE WHEN x.rate IS NULL THEN CAST(coalesce(o.revenue, 0) - coalesce(r.revenue, 0) AS DECIMAL(24, 6)) END AS set_aside
FROM order_versions o
LEFT JOIN refunds r ON o.order_id = r.order_id
LEFT JOIN rates x ON coalesce(o.currency, '{currency}') = x.currency
LEFT JOIN told_twice ON o.shop = told_twice.shop AND o.order_id = told_twice.order_id
LEFT JOIN told_twice claimed ON o.shop = claimed.priced_shop AND o.order_id = claimed.priced_order AND claimed.claim = 1
WHERE told_twice.order_id IS NULL
