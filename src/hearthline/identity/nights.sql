-- On how many nights (midnight to six, local time) those identities were seen that name a network.
SELECT identity, count(DISTINCT day) AS nights
FROM (
  SELECT c.identity, c.local_us - c.local_us % 86400000000 AS day, c.local_us % 86400000000 AS clock_us
  FROM (SELECT identity, context, time_us + coalesce(tz_offset_min, 0) * 60000000 AS local_us FROM clean) c
  JOIN networked n ON c.identity = n.identity
  JOIN kinds k ON c.context = k.context
  WHERE k.usable
) seen
WHERE clock_us < 21600000000
GROUP BY identity
