SELECT person, first(id ORDER BY names <> 'person', contains(id, '_hmac:'), id) AS label,
  list(id ORDER BY names <> 'person', contains(id, '_hmac:'), id) AS identifiers, min(first) AS first,
  max(last) AS last, sum(events) FILTER (names = 'person') AS events
FROM identifiers WHERE unit = $unit AND person IS NOT NULL
GROUP BY person ORDER BY events DESC NULLS LAST, label
