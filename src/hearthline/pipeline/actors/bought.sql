-- Sales that a device for everybody told of: at a speaker, a shop's order follows within minutes.
SELECT DISTINCT m.unit, c.time_us, c.time_us - c.time_us % 1800000000 AS bucket, coalesce(k.device_kind, 'unknown') AS kind
FROM clean c
JOIN (SELECT context, device_kind FROM kinds WHERE usable AND commerce_action = 'placed' AND automation_role IS NULL) k
  ON c.context = k.context
JOIN members_all m ON c.identity = m.identity AND c.time_us >= m.valid_from_us AND c.time_us < m.valid_to_us
WHERE m.device IS NOT NULL AND NOT m.own
