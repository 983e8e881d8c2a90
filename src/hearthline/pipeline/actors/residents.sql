-- The persons of each household, the most active first.
SELECT m.unit, m.person, sum(o.events) AS events,
  max(CASE WHEN m.own THEN 1 ELSE 0 END) AS carries, max(CASE WHEN m.named AND m.device IS NOT NULL AND NOT m.own THEN 1 ELSE 0 END) AS enrolled
FROM members_all m JOIN observations o ON m.identity = o.identity
WHERE m.person IS NOT NULL
GROUP BY m.unit, m.person
