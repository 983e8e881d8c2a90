-- The trait of each household: the latest one said, of those that the events carry.
SELECT m.unit, max_by(e.segment, unix_micros(e.time)) AS segment
FROM raw_events e
JOIN members m ON e.identity = m.identity AND unix_micros(e.time) >= m.valid_from_us AND unix_micros(e.time) < m.valid_to_us
WHERE e.segment IS NOT NULL
GROUP BY m.unit
