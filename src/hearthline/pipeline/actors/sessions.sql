-- What happened on one kind of device of a household within half an hour of the clock, and who could be told.
SELECT m.unit, c.bucket, coalesce(k.device_kind, 'unknown') AS kind, max(m.device) AS device, min(c.time_us) AS time_us,
  max(c.tz_offset_min) AS tz_offset_min, max(coalesce(k.touch_channel, k.type)) AS category,
  max(CASE WHEN m.own THEN m.person END) AS owner, max(CASE WHEN m.named AND NOT m.own THEN m.person END) AS said,
  max(CASE WHEN m.own THEN 1 ELSE 0 END) AS own, count(*) AS events
FROM (SELECT identity, context, time_us, tz_offset_min, time_us - time_us % 1800000000 AS bucket FROM clean) c
JOIN (
  SELECT context, device_kind, touch_channel, type FROM kinds
  WHERE is_touch OR (usable AND automation_role IS NULL AND (commerce_action IN ('placed', 'added', 'viewed', 'checkout')
    OR (modality = 'voice' AND initiator_kind = 'human')))
) k ON c.context = k.context
JOIN members_all m ON c.identity = m.identity AND c.time_us >= m.valid_from_us AND c.time_us < m.valid_to_us
WHERE m.device IS NOT NULL OR m.own
GROUP BY m.unit, c.bucket, coalesce(k.device_kind, 'unknown')
