-- Every event once: five integers each. Duplicates are few, so the rest is an anti-join away.
SELECT e.key, e.identity, e.context, unix_micros(e.time) AS time_us, e.tz_offset_min
FROM raw_events e
ANTI JOIN repeated r ON e.key = r.key
UNION ALL
SELECT key, identity, context, time_us, tz_offset_min FROM repeated
