SELECT e.*, l.orders, l.booked, l.expected, l.lifetime
FROM enrolments e JOIN enrolment_ledger l USING (enrolment_id)
WHERE enrolment_id = $enrolment
