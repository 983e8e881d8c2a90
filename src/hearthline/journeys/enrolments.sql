-- Decisions to let a machine or a schedule buy, each once, with the time at which they ended. Where no
-- event says so, the first order that a person placed under the same reference was the decision.
SELECT e.ref_system, e.ref_id, concat_ws(':', e.ref_system, e.ref_id) AS enrolment_id, e.event_id, e.time_us, e.identity,
  e.usable, e.kind, min(CASE WHEN x.time_us > e.time_us THEN x.time_us END) AS ended_us
FROM (
  SELECT coalesce(ref_system, '') AS ref_system, ref_id, min_by(id, time_us) AS event_id, min(time_us) AS time_us,
    min_by(identity, time_us) AS identity, min_by(usable, time_us) AS usable,
    coalesce(max(CASE WHEN automation_kind = 'subscription' THEN 'subscription' END), 'replenishment') AS kind
  FROM shop_events WHERE role = 'enrol' AND ref_id IS NOT NULL
  GROUP BY coalesce(ref_system, ''), ref_id
  UNION ALL
  SELECT coalesce(o.ref_system, ''), o.ref_id, min_by(o.order_id, o.time_us), min(o.time_us),
    min_by(o.identity, o.time_us), min_by(o.usable, o.time_us), 'subscription'
  FROM order_versions o
  ANTI JOIN (SELECT DISTINCT ref_id FROM shop_events WHERE role = 'enrol' AND ref_id IS NOT NULL) said ON o.ref_id = said.ref_id
  WHERE o.kind = 'person' AND o.ref_id IS NOT NULL
  GROUP BY coalesce(o.ref_system, ''), o.ref_id
) e
LEFT JOIN (SELECT coalesce(ref_system, '') AS ref_system, ref_id, time_us FROM shop_events WHERE role = 'end') x
  ON e.ref_system = x.ref_system AND e.ref_id = x.ref_id
GROUP BY e.ref_system, e.ref_id, e.event_id, e.time_us, e.identity, e.usable, e.kind
