-- Usable events, each once, with their household and person. Of copies, the one that came first counts.
SELECT once.*, m.unit, m.person
FROM (
  SELECT e.* FROM events e
  SEMI JOIN usable k ON e.context = k.context
  ANTI JOIN repeated r ON e.key = r.key
  UNION ALL BY NAME
  SELECT DISTINCT ON (e.key) e.* FROM events e
  SEMI JOIN usable k ON e.context = k.context
  SEMI JOIN repeated r ON e.key = r.key
  ORDER BY e.key, e.time_received, e.time, e.identity
) once
JOIN members m ON once.identity = m.identity AND epoch_ms(once.time) >= m.valid_from_ms AND epoch_ms(once.time) < m.valid_to_ms
