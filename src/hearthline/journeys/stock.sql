-- When a household's stock fell to a quarter or rose above it, from level readings in percent: a condition.
SELECT unit, time_us, is_low
FROM (
  SELECT unit, time_us, is_low, lag(is_low) OVER (PARTITION BY unit, identity ORDER BY time_us, key) AS was_low
  FROM (
    SELECT m.unit, e.key, e.identity, unix_micros(e.time) AS time_us, e.signal_number <= 25 AS is_low
    FROM raw_events e
    JOIN (SELECT context FROM kinds WHERE usable AND signal_attribute = 'level' AND lower(signal_capability) LIKE '%inventory%') k
      ON e.context = k.context
    JOIN members m ON e.identity = m.identity AND unix_micros(e.time) >= m.valid_from_us AND unix_micros(e.time) < m.valid_to_us
    WHERE e.signal_number IS NOT NULL AND e.signal_number >= 0 AND e.signal_number <= 100
      AND lower(coalesce(e.signal_unit, 'percent')) IN ('percent', '%', 'percentage')
  ) readings
) changes
WHERE was_low IS NULL OR was_low <> is_low
