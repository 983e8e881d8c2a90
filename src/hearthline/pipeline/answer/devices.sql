SELECT device, coalesce(kind, 'unknown') AS kind, unit, events, make_timestamptz(first_us) AS first, make_timestamptz(last_us) AS last,
  valid_from_us // 1000 AS valid_from_ms, valid_to_us // 1000 AS valid_to_ms
FROM devices_found
