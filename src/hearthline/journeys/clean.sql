-- Every event once: four integers each. Duplicates are few, so the rest is an anti-join away.
SELECT e.key, e.identity, e.context, unix_micros(e.time) AS time_us
FROM raw_events e
ANTI JOIN repeated r ON e.key = r.key
UNION ALL
SELECT key, identity, context, time_us FROM repeated
