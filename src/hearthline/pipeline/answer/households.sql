SELECT u.unit, coalesce(h.label, 'device alone') AS label, coalesce(h.identifiers, 0) AS identifiers, coalesce(d.devices, 0) AS devices,
  coalesce(h.persons, 0) AS persons, u.events, make_timestamptz(u.first_us) AS first, make_timestamptz(u.last_us) AS last, s.segment
FROM (
  SELECT m.unit, sum(o.events) AS events, min(o.first_us) AS first_us, max(o.last_us) AS last_us
  FROM (SELECT DISTINCT identity, unit FROM members) m JOIN observations o USING (identity) GROUP BY m.unit
) u
LEFT JOIN homes_found h ON u.unit = h.unit
LEFT JOIN (SELECT unit, count(DISTINCT device) AS devices FROM devices_found GROUP BY unit) d ON u.unit = d.unit
LEFT JOIN segments s ON u.unit = s.unit
