-- Level readings in percent with the moment at which each was known.
SELECT m.unit, e.identity, e.key, min({known}) AS known_us, min(e.signal_number) AS level
FROM raw_events e
JOIN (SELECT context FROM kinds WHERE usable AND signal_attribute = 'level' AND lower(signal_capability) LIKE '%inventory%') k
  ON e.context = k.context
JOIN members m ON e.identity = m.identity AND unix_micros(e.time) >= m.valid_from_us AND unix_micros(e.time) < m.valid_to_us
WHERE e.signal_number IS NOT NULL AND e.signal_number >= 0 AND e.signal_number <= 100
  AND lower(coalesce(e.signal_unit, 'percent')) IN ('percent', '%', 'percentage')
GROUP BY m.unit, e.identity, e.key
