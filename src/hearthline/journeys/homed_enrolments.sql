-- Enrolments with their household.
SELECT e.enrolment_id, e.event_id, e.ref_system, e.ref_id, e.time_us, e.ended_us, e.kind, m.unit
FROM enrolments e
LEFT JOIN members m ON e.usable AND e.identity = m.identity AND e.time_us >= m.valid_from_us AND e.time_us < m.valid_to_us
