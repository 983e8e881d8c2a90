SELECT order_id, shop, actor, person, probability, basis FROM order_actors WHERE unit = $unit
ORDER BY order_id, shop, probability DESC, actor, person
