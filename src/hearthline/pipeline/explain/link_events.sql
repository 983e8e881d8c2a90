-- Events that name both ends; for a device's stay, those that name the device and belong to the household.
WITH named AS (
  SELECT identity, list_concat(list_transform(identifiers, lambda x: replace(x.namespace, ':', '%3A') || ':' || x.value),
    list_transform(household_hints, lambda x: 'hint.' || replace(x.kind, ':', '%3A') || ':' || x.value)) AS ids
  FROM identities
), units AS (
  SELECT DISTINCT m.identity FROM members m JOIN identifiers i ON i.unit = m.unit WHERE i.id = $right
)
SELECT DISTINCT e.id, e.source, e.type, e.time, coalesce(e.consent_measurement, 'unknown') AS consent
FROM events e JOIN named n USING (identity)
WHERE list_contains(n.ids, $left) AND (list_contains(n.ids, $right) OR ($stay AND e.identity IN (SELECT identity FROM units)))
ORDER BY e.time DESC, e.id LIMIT 20
