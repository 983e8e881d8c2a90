-- How many things people of each household did on devices, by the day on which it was known (days since 1970).
SELECT unit, CAST(floor(known_us / 86400000000.0) AS BIGINT) AS day, count(*) AS acts
FROM (
  SELECT m.unit, e.key, min({known}) AS known_us
  FROM raw_events e
  JOIN (SELECT context FROM kinds WHERE usable AND layer <> 'commerce' AND (initiator_kind = 'human' OR modality IN ('voice', 'gesture'))) k
    ON e.context = k.context
  JOIN members m ON e.identity = m.identity AND unix_micros(e.time) >= m.valid_from_us AND unix_micros(e.time) < m.valid_to_us
  GROUP BY m.unit, e.key
) once
GROUP BY unit, CAST(floor(known_us / 86400000000.0) AS BIGINT)
