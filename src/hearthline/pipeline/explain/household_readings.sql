-- The readings, uses, errors and calls for help behind the signals of one household, newest first. What came twice
-- stands there once, as it came first.
WITH once AS (
  SELECT DISTINCT ON (e.key) e.* FROM events e JOIN members m ON m.identity = e.identity AND m.unit = $unit
    AND epoch_ms(e.time) >= m.valid_from_ms AND epoch_ms(e.time) < m.valid_to_ms
  WHERE e.layer <> 'derived' AND coalesce(e.consent_measurement, 'unknown') <> 'denied'
    AND (e.type LIKE 'device.inventory%' OR e.signal_state_change AND e.signal_number IS NULL
      OR regexp_matches(e.type, '(error|fault|failed|ticket|support)'))
  ORDER BY e.key, e.time_received, e.time, e.identity
)
SELECT e.id, e.source, e.type, e.time, e.device_id AS device, coalesce(e.signal_attribute, e.signal_capability) AS attribute,
  coalesce(e.signal_value, format('{:g}', e.signal_number)) AS value, e.signal_unit AS unit
FROM once e
ORDER BY e.time DESC, e.id LIMIT 40
