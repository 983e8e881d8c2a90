SELECT coalesce(e.consent_measurement, 'unknown') AS measurement, coalesce(e.consent_advertising, 'unknown') AS advertising,
  coalesce(e.consent_source, 'not said') AS said_by, count(DISTINCT e.key) AS events
FROM events e JOIN members m ON m.identity = e.identity
WHERE m.unit = $unit
GROUP BY ALL
ORDER BY events DESC
