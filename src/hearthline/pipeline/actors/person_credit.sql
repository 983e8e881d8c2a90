-- What each person placed, and what the touches that they met earned under the default model: expected
-- values, with the 90 % interval of not knowing who it was. Sessions are no independent draws: the spread is two
-- and a half times as wide as if they were, which holds the truth as often as it should (`make bench-identity`).
WITH met AS (
  SELECT o.unit, h.home, epoch_us(c.time) - epoch_us(c.time) % 1800000000 AS bucket_us, coalesce(p.device_kind, 'unknown') AS kind,
    CAST(sum(c.amount) AS DOUBLE) AS amount, count(*) AS touches
  FROM {touch_credits} c
  JOIN {orders} o ON c.shop = o.shop AND c.order_id = o.order_id AND o.status = 'placed'
  JOIN order_places h ON o.shop = h.shop AND o.order_id = h.order_id
  JOIN {touchpoints} p ON c.place = p.place
  WHERE c.model = (SELECT min(model) FROM {models} WHERE is_default) AND o.unit IS NOT NULL
  GROUP BY ALL
), parts AS (
  SELECT m.unit, coalesce(a.actor, 'unknown') AS actor, a.person, m.amount * coalesce(a.probability, 1) AS credit,
    m.amount * m.amount * coalesce(a.probability * (1 - a.probability), 0) AS credit_variance, 0.0 AS orders, 0.0 AS revenue,
    0.0 AS revenue_variance
  FROM met m LEFT JOIN actors_found a ON a.unit = m.home AND a.bucket_us = m.bucket_us AND a.kind = m.kind
  UNION ALL
  SELECT a.unit, a.actor, a.person, 0.0, 0.0, a.probability, CAST(o.net AS DOUBLE) * a.probability,
    CAST(o.net AS DOUBLE) * CAST(o.net AS DOUBLE) * a.probability * (1 - a.probability)
  FROM draft_order_actors a JOIN {orders} o ON a.shop = o.shop AND a.order_id = o.order_id AND o.status = 'placed' AND a.unit = o.unit
), summed AS (
  SELECT unit, actor, person, sum(orders) AS orders, sum(revenue) AS revenue, 4.11 * sqrt(sum(revenue_variance)) AS revenue_half,
    sum(credit) AS credit, 4.11 * sqrt(sum(credit_variance)) AS credit_half
  FROM parts GROUP BY ALL
)
SELECT unit, actor, person, orders,
  CAST(revenue AS DECIMAL(24, 6)) AS revenue,
  CAST(greatest(revenue - revenue_half, 0) AS DECIMAL(24, 6)) AS revenue_low,
  CAST(least(revenue + revenue_half, sum(revenue) OVER (PARTITION BY unit)) AS DECIMAL(24, 6)) AS revenue_high,
  CAST(credit AS DECIMAL(24, 6)) AS credit,
  CAST(greatest(credit - credit_half, 0) AS DECIMAL(24, 6)) AS credit_low,
  CAST(least(credit + credit_half, sum(credit) OVER (PARTITION BY unit)) AS DECIMAL(24, 6)) AS credit_high
FROM summed
