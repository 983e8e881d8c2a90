SELECT * FROM statements WHERE ("left" = $left AND "right" = $right) OR ("left" = $right AND "right" = $left) ORDER BY made DESC, id
