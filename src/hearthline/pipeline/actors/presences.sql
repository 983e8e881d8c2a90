-- In which half hours each person's own device showed itself in the household, where several live.
SELECT DISTINCT m.unit, m.person, c.bucket
FROM (SELECT identity, context, time_us, time_us - time_us % 1800000000 AS bucket FROM clean) c
JOIN (
  SELECT identity, person, unit, valid_from_us, valid_to_us, own FROM members_all WHERE own AND person IS NOT NULL
) m ON c.identity = m.identity AND c.time_us >= m.valid_from_us AND c.time_us < m.valid_to_us
JOIN kinds k ON c.context = k.context
JOIN (SELECT unit FROM residents GROUP BY unit HAVING count(*) > 1) several ON m.unit = several.unit
WHERE k.usable
