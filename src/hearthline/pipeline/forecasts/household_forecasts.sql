-- Revenue expected of households, shared out as the default model shared what they bought so far. A half of
-- the doubt is each household's own, and cancels over many; the other is that of the forecast as a whole.
WITH expected AS (
  SELECT v.unit, v.expected, (v.high - v.low) / 3.29 AS spread FROM lifetime_values v
  WHERE v.expected IS NOT NULL AND NOT isnan(v.expected)
),
bought AS (
  SELECT unit, CAST(sum(net) AS DOUBLE) AS net FROM orders
  WHERE unit IS NOT NULL AND net IS NOT NULL AND coalesce(status, 'placed') = 'placed'
  GROUP BY unit HAVING sum(net) > 0
),
earned AS (
  SELECT t.unit, t.model, p.channel, CAST(sum(t.amount) AS DOUBLE) AS amount
  FROM touch_credits t JOIN touchpoints p USING (place) JOIN models m USING (model)
  WHERE m.is_default AND t.unit IS NOT NULL
  GROUP BY t.unit, t.model, p.channel
),
part AS (
  SELECT e.model, e.channel, e.unit, x.expected, x.spread, least(greatest(e.amount / b.net, 0.0), 1.0) AS share
  FROM earned e JOIN bought b USING (unit) JOIN expected x USING (unit)
),
rest AS (
  SELECT m.model, '(baseline)' AS channel, x.unit, x.expected, x.spread,
    1.0 - coalesce((SELECT sum(p.share) FROM part p WHERE p.unit = x.unit), 0.0) AS share
  FROM expected x CROSS JOIN (SELECT model FROM models WHERE is_default) m
),
whole AS (SELECT coalesce(max((high - low) / 3.29 / nullif(expected, 0)), 0.0) AS doubt FROM lifetime_totals WHERE "group" = 'all')
SELECT 'households' AS "of", model, channel, count(*) AS homes, sum(share * expected) AS ahead,
  sqrt(sum((share * spread) ** 2) + (max(w.doubt) * sum(share * expected)) ** 2) AS spread
FROM (FROM part UNION ALL BY NAME FROM rest) CROSS JOIN whole w
WHERE share > 0 GROUP BY model, channel ORDER BY model, channel
