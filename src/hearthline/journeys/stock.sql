-- When a household's stock entered another class, from level readings in percent: a condition. 0: up to a
-- tenth is left, 1: a quarter, 2: two fifths, 3: more.
SELECT unit, time_us, fill
FROM (
  SELECT unit, time_us, fill, lag(fill) OVER (PARTITION BY unit, identity ORDER BY time_us, key) AS fill_before
  FROM (
    SELECT m.unit, e.key, e.identity, unix_micros(e.time) AS time_us,
      CASE WHEN e.signal_number <= 10 THEN 0 WHEN e.signal_number <= 25 THEN 1 WHEN e.signal_number <= 40 THEN 2 ELSE 3 END AS fill
    FROM raw_events e
    JOIN (SELECT context FROM kinds WHERE usable AND signal_attribute = 'level' AND lower(signal_capability) LIKE '%inventory%') k
      ON e.context = k.context
    JOIN members m ON e.identity = m.identity AND unix_micros(e.time) >= m.valid_from_us AND unix_micros(e.time) < m.valid_to_us
    WHERE e.signal_number IS NOT NULL AND e.signal_number >= 0 AND e.signal_number <= 100
      AND lower(coalesce(e.signal_unit, 'percent')) IN ('percent', '%', 'percentage')
  ) readings
) changes
WHERE fill_before IS NULL OR fill_before <> fill
