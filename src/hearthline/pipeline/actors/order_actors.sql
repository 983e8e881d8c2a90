-- Who placed each order: a machine, the person whose login or own device it was, or whoever used the shared device.
SELECT order_id, shop, unit, 'machine' AS actor, CAST(NULL AS BIGINT) AS person, CAST(1 AS DOUBLE) AS probability, 'machine' AS basis
FROM order_places WHERE order_kind <> 'person'
UNION ALL
SELECT order_id, shop, unit, 'person', person, 1.0, 'named'
FROM order_places WHERE order_kind = 'person' AND shared = 0 AND person IS NOT NULL
UNION ALL
SELECT p.order_id, p.shop, p.unit, a.actor, a.person, a.probability, a.basis
FROM order_places p JOIN actors_found a ON a.unit = p.home AND a.bucket_us = p.bucket AND a.kind = coalesce(p.kind, 'unknown')
WHERE p.order_kind = 'person' AND (p.shared = 1 OR p.person IS NULL)
UNION ALL
SELECT p.order_id, p.shop, p.unit, 'unknown', NULL, 1.0, 'nobody named'
FROM order_places p
LEFT JOIN (SELECT DISTINCT unit, bucket_us, kind FROM actors_found) a
  ON a.unit = p.home AND a.bucket_us = p.bucket AND a.kind = coalesce(p.kind, 'unknown')
WHERE p.order_kind = 'person' AND (p.shared = 1 OR p.person IS NULL) AND a.unit IS NULL
