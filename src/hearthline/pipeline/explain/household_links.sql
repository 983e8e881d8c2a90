-- All links that touch the household, the used ones first, the strongest first.
WITH ids AS (SELECT id FROM identifiers WHERE unit = $unit)
SELECT l.*, l.left_id IN (SELECT id FROM ids) AND l.right_id IN (SELECT id FROM ids) AS inside
FROM links l
WHERE l.left_id IN (SELECT id FROM ids) OR l.right_id IN (SELECT id FROM ids)
ORDER BY l.state DESC, l.weight DESC, l.left_id, l.right_id
LIMIT 1000
