-- Orders of a machine or a schedule that are told without a price, with their household.
SELECT o.shop, o.order_id, o.kind, o.time_us, o.ref_system, o.ref_id, o.enrolled_event, m.unit
FROM order_versions o
LEFT JOIN members m ON o.usable AND o.identity = m.identity AND o.time_us >= m.valid_from_us AND o.time_us < m.valid_to_us
WHERE o.revenue IS NULL AND o.kind <> 'person' AND NOT o.cancelled
