-- Every touch with its household and touchpoint; household by the validity of the identity on that day.
SELECT m.unit, as_ms(c.time_us) AS time_ms, p.place
FROM clean c
JOIN (SELECT cp.context, pl.place FROM context_places cp JOIN places pl ON cp.place_key = pl.place_key) p
  ON c.context = p.context
JOIN members m ON c.identity = m.identity AND c.time_us >= m.valid_from_us AND c.time_us < m.valid_to_us
