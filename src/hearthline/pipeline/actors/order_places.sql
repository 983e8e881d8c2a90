-- Where each placed order was placed: in the session on a device for everybody that told of a sale within ten
-- minutes, else by the person whom the shop names (whose login may be the whole household's). `unit` is whose journey
-- the order ends, `home` the household.
SELECT p.shop, p.order_id, p.order_kind, p.unit, p.home, coalesce(min(b.bucket), max(p.bucket)) AS bucket, min(b.kind) AS kind, max(p.person) AS person,
  CASE WHEN count(b.unit) > 0 THEN 1 ELSE 0 END AS shared
FROM (
  SELECT o.shop, o.order_id, o.kind AS order_kind, o.unit, coalesce(max(m.unit), o.unit) AS home, o.time_us,
    o.time_us - o.time_us % 1800000000 AS bucket, max(m.person) AS person
  FROM orders o
  JOIN order_versions v ON o.shop = v.shop AND o.order_id = v.order_id
  LEFT JOIN members_all m ON v.identity = m.identity AND o.time_us >= m.valid_from_us AND o.time_us < m.valid_to_us
  WHERE o.status = 'placed' AND o.unit IS NOT NULL
  GROUP BY o.shop, o.order_id, o.kind, o.unit, o.time_us
) p
LEFT JOIN bought b ON p.order_kind = 'person' AND p.home = b.unit AND abs(p.time_us - b.time_us) <= 600000000
GROUP BY p.shop, p.order_id, p.order_kind, p.unit, p.home
