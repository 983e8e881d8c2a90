-- Orders with net money in the reporting currency. An order without a price that a priced one of the same
-- reference answers within three days is the same order told twice, and is left out.
SELECT o.shop, o.order_id, o.source, o.time_us, o.identity, o.usable, o.kind, o.by_human, o.modality, o.step, o.cancelled,
  o.currency, o.revenue IS NOT NULL AS value_known,
  CAST(coalesce(o.total, 0) * x.rate AS DECIMAL(24, 6)) AS gross,
  CAST(CASE WHEN o.cancelled THEN 0 ELSE greatest(coalesce(o.revenue, 0) - coalesce(r.revenue, 0), 0) END * x.rate AS DECIMAL(24, 6)) AS net,
  CAST(coalesce(r.revenue, 0) * x.rate AS DECIMAL(24, 6)) AS refunded,
  x.rate IS NOT NULL AS convertible,
  CASE WHEN x.rate IS NULL THEN CAST(coalesce(o.revenue, 0) - coalesce(r.revenue, 0) AS DECIMAL(24, 6)) END AS set_aside
FROM order_versions o
LEFT JOIN refunds r ON o.order_id = r.order_id
LEFT JOIN rates x ON coalesce(o.currency, '{currency}') = x.currency
LEFT JOIN (
  SELECT DISTINCT p.shop, p.order_id
  FROM order_versions p
  JOIN order_versions q ON p.ref_id = q.ref_id AND q.revenue IS NOT NULL AND q.kind <> 'person'
    AND abs(p.time_us - q.time_us) <= 259200000000
  WHERE p.revenue IS NULL AND p.kind <> 'person'
) told_twice ON o.shop = told_twice.shop AND o.order_id = told_twice.order_id
WHERE told_twice.order_id IS NULL
