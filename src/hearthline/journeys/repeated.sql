-- Events that came more than once (same source and id), each once. Which copy does not matter: the
-- smallest of each column is the same whatever order they came in.
SELECT e.key, max(e.identity) AS identity, max(e.context) AS context, min(unix_micros(e.time)) AS time_us,
  min(e.tz_offset_min) AS tz_offset_min, count(*) AS copies
FROM raw_events e
JOIN (SELECT key FROM raw_events GROUP BY key HAVING count(*) > 1) twice ON e.key = twice.key
GROUP BY e.key
