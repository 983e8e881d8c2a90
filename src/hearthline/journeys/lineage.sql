-- Which enrolment each order that no person placed goes back to: by the event that it names, else by the
-- reference (system and id, or the id alone), the latest one before the order. A shop's order that a machine told
-- without its price (`told_twice`) goes back to the machine's enrolment, unless it names one itself.
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
  UNION ALL
  SELECT t.priced_shop, t.priced_order, n.enrolment_id,
    CASE WHEN p.enrolled_event = n.event_id THEN -1 WHEN coalesce(p.ref_system, '') = n.ref_system THEN -2 ELSE -3 END AS likeness
  FROM told_twice t
  JOIN unpriced p ON t.shop = p.shop AND t.order_id = p.order_id
  JOIN homed_enrolments n ON p.ref_id = n.ref_id AND n.time_us <= p.time_us + 60000000
) candidates
GROUP BY shop, order_id
