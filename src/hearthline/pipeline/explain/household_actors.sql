SELECT order_id, actor, person, probability, basis FROM order_actors WHERE unit = $unit
ORDER BY order_id, probability DESC, actor, person
