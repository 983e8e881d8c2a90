-- The shop's orders: household, kind, net money, and the enrolment that each machine-placed one goes back to.
SELECT o.shop, o.order_id, o.source, coalesce(m.unit, n.unit) AS unit, o.time_us, o.kind,
  CASE WHEN o.kind = 'machine' THEN 'machine' WHEN o.kind = 'person' AND o.by_human THEN 'person'
    WHEN o.kind = 'subscription' THEN 'machine' ELSE 'unknown' END AS actor,
  o.modality AS via, o.gross, o.net, o.refunded, coalesce(o.currency, '{currency}') AS currency, o.value_known, o.set_aside, o.below,
  l.enrolment_id AS enrolment,
  CASE WHEN l.enrolment_id IS NOT NULL THEN
    row_number() OVER (PARTITION BY l.enrolment_id ORDER BY o.time_us, o.order_id, o.shop) END AS cycle,
  CASE WHEN o.cancelled THEN 'cancelled' WHEN o.convertible THEN 'placed' ELSE 'set_aside' END AS status, o.step
FROM priced_orders o
LEFT JOIN lineage l ON o.shop = l.shop AND o.order_id = l.order_id
LEFT JOIN homed_enrolments n ON l.enrolment_id = n.enrolment_id
LEFT JOIN members m ON o.usable AND o.identity = m.identity AND o.time_us >= m.valid_from_us AND o.time_us < m.valid_to_us
