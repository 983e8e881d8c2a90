SELECT device, kind, events, first, last,
  CASE WHEN valid_from_ms > -1000000000000000 THEN make_timestamptz(valid_from_ms * 1000) END AS since,
  CASE WHEN valid_to_ms < 1000000000000000 THEN make_timestamptz(valid_to_ms * 1000) END AS until
FROM devices WHERE unit = $unit ORDER BY events DESC, device
