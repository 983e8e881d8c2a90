-- Orders, each once: versions of one order are merged. Of a platform's echo of a shop's order only what it knows of the
-- machine behind it is kept, where one shop alone has the number; the money, the time and the rest are the shop's.
SELECT v.shop, v.order_id, min(CASE WHEN v.told THEN v.time_us END) AS time_us,
  max_by(v.identity, v.named) AS identity, bool_or(v.told AND v.usable) AS usable, max_by(v.source, v.named) AS source,
  max_by(v.modality, v.named) AS modality, max_by(v.step, v.named) AS step, bool_or(v.told AND v.action = 'cancelled') AS cancelled,
  max_by(v.revenue, v.version) AS revenue, max_by(v.total, v.version) AS total,
  max_by(v.currency, v.version) AS currency,
  CASE
    WHEN bool_or(v.automation_kind = 'subscription' AND v.role = 'act') THEN 'subscription'
    WHEN bool_or(v.role = 'act' OR v.initiator_kind IN ('machine', 'scheduled', 'predicted')) THEN 'machine'
    ELSE 'person'
  END AS kind,
  bool_or(v.initiator_kind = 'human') AS by_human, bool_or(v.role = 'enrol') AS enrols,
  max(v.ref_system) AS ref_system, max(v.ref_id) AS ref_id, max(v.enrolled_event) AS enrolled_event
FROM (
  SELECT s.*, s.layer = 'commerce' OR shop_has.order_id IS NULL AS told,
    CASE WHEN s.layer = 'commerce' THEN s.source ELSE coalesce(shop_has.shop, '') END AS shop,
    CASE WHEN s.layer <> 'commerce' AND shop_has.order_id IS NOT NULL THEN NULL
      WHEN s.action = 'placed' THEN -s.time_us ELSE -s.time_us - 4611686018427387904 END AS named,
    CASE WHEN s.revenue IS NULL OR s.layer <> 'commerce' AND shop_has.order_id IS NOT NULL THEN NULL ELSE s.time_us END AS version
  FROM shop_events s
  LEFT JOIN (
    SELECT order_id, min(source) AS shop, count(DISTINCT source) AS shops FROM shop_events
    WHERE layer = 'commerce' AND order_id IS NOT NULL AND action IN ('placed', 'updated', 'cancelled')
    GROUP BY order_id
  ) shop_has ON s.order_id = shop_has.order_id
  WHERE s.order_id IS NOT NULL AND s.action IN ('placed', 'updated', 'cancelled')
    AND (s.layer = 'commerce' OR shop_has.order_id IS NULL OR shop_has.shops = 1 AND s.role IN ('act', 'enrol'))
) v
GROUP BY v.shop, v.order_id
