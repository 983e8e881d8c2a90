SELECT p.place, c.name AS channel, p.campaign, p.device_kind, p.modality, p.stage, p.step, n.touches, coalesce(r.homes, 0) AS homes,
  make_timestamptz(n.first_us) AS first, make_timestamptz(n.last_us) AS last, p.source
FROM places p
JOIN channels c USING (channel)
LEFT JOIN (
  SELECT cp.place_key, CAST(sum(n.events) AS BIGINT) AS touches, min(n.first_us) AS first_us, max(n.last_us) AS last_us
  FROM context_places cp JOIN context_counts n USING (context) GROUP BY cp.place_key
) n USING (place_key)
LEFT JOIN place_reach r USING (place)
