-- Which enrolment each order that no person placed goes back to: by the event that it names, else by the
-- reference (system and id, or the id alone), the latest one before the order.
SELECT shop, order_id, max_by(enrolment_id, likeness) AS enrolment_id
FROM (
  SELECT o.shop, o.order_id, n.enrolment_id, CASE WHEN coalesce(o.ref_system, '') = n.ref_system THEN 1 ELSE 0 END AS likeness
  FROM order_versions o
  JOIN homed_enrolments n ON o.ref_id = n.ref_id AND n.time_us <= o.time_us + 60000000
  WHERE o.kind <> 'person'
  UNION ALL
  SELECT o.shop, o.order_id, n.enrolment_id, 2 AS likeness
  FROM order_versions o
  JOIN homed_enrolments n ON o.enrolled_event = n.event_id AND n.time_us <= o.time_us + 60000000
  WHERE o.kind <> 'person'
) candidates
GROUP BY shop, order_id
