-- Orders with net money in the reporting currency. An order without a price that a shop tells with one is the same
-- order told twice and is left out; the shop's is then the machine's. `below` is how far under 0 an order is, which
-- counts as 0: more was given back than was paid, or its own amount is negative.
-- An amount of 19 digits makes both engines multiply in 38, where no digit is lost and none is too many.
SELECT shop, order_id, source, time_us, identity, usable, kind, by_human, modality, step, cancelled, currency, value_known,
  CAST(paid AS DECIMAL(24, 6)) AS gross,
  CAST(CASE WHEN NOT convertible THEN NULL WHEN cancelled THEN 0 ELSE greatest(earned - back, 0) END AS DECIMAL(24, 6)) AS net,
  CAST(CASE WHEN convertible THEN back END AS DECIMAL(24, 6)) AS refunded, convertible, set_aside,
  CAST(CASE WHEN convertible AND value_known AND NOT cancelled THEN greatest(back - paid, -earned, 0) END AS DECIMAL(24, 6)) AS below
FROM (
  SELECT o.shop, o.order_id, o.source, o.time_us, o.identity, o.usable,
    CASE WHEN o.kind = 'person' AND claimed.kind IS NOT NULL THEN claimed.kind ELSE o.kind END AS kind,
    o.by_human, o.modality, o.step, o.cancelled, o.currency, o.revenue IS NOT NULL AS value_known,
    CAST(CAST(coalesce(o.total, 0) AS DECIMAL(19, 4)) * x.rate AS DECIMAL(36, 12)) AS paid,
    CAST(CAST(coalesce(o.revenue, 0) AS DECIMAL(19, 4)) * x.rate AS DECIMAL(36, 12)) AS earned,
    coalesce(r.refunded, 0) AS back, x.rate IS NOT NULL AS convertible,
    CASE WHEN x.rate IS NULL THEN CAST(coalesce(o.revenue, 0) - coalesce(r.as_sold, 0) AS DECIMAL(24, 6)) END AS set_aside
  FROM order_versions o
  LEFT JOIN refunds r ON o.shop = r.shop AND o.order_id = r.order_id
  LEFT JOIN rates x ON coalesce(o.currency, '{currency}') = x.currency
  LEFT JOIN told_twice ON o.shop = told_twice.shop AND o.order_id = told_twice.order_id
  LEFT JOIN told_twice claimed ON o.shop = claimed.priced_shop AND o.order_id = claimed.priced_order AND claimed.claim = 1
  WHERE told_twice.order_id IS NULL
) o
