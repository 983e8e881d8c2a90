WITH ids AS (
  SELECT DISTINCT unnest(list_transform(i.identifiers, lambda x: x.namespace || ':' || x.value)) AS id
  FROM identities i JOIN members m ON m.identity = i.identity
  WHERE m.unit = $unit
)
SELECT l.* FROM links l
WHERE l.left_id IN (SELECT id FROM ids) OR l.right_id IN (SELECT id FROM ids)
ORDER BY l.state DESC, l.valid_from, l.left_id, l.right_id
LIMIT 50
