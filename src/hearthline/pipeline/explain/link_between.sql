SELECT * FROM links WHERE (left_id = $left AND right_id = $right) OR (left_id = $right AND right_id = $left)
ORDER BY state DESC, weight DESC, kind
