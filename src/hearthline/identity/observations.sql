-- How often and between which times each identity was seen, where its use for measurement is allowed.
SELECT c.identity, min(c.time_us) AS first_us, max(c.time_us) AS last_us, count(*) AS events,
  count(CASE WHEN k.consent_measurement = 'granted' THEN 1 END) AS granted, max(k.device_kind) AS device_kind
FROM clean c
JOIN kinds k ON c.context = k.context
WHERE c.identity <> 0 AND k.usable
GROUP BY c.identity
