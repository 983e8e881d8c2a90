-- The household's orders with what each of them names: what would go with a link that is wrong.
WITH named AS (
  SELECT e.commerce_order AS order_id, list_distinct(flatten(list(list_concat(
    list_transform(i.identifiers, lambda x: x.namespace || ':' || x.value),
    list_transform(i.household_hints, lambda x: 'hint.' || x.kind || ':' || x.value))))) AS ids
  FROM events e JOIN identities i USING (identity)
  WHERE e.commerce_action = 'placed' AND e.commerce_order IN (SELECT order_id FROM orders WHERE unit = $unit)
  GROUP BY e.commerce_order
)
SELECT o.order_id, o.time, o.kind, o.net, coalesce(n.ids, []) AS ids
FROM orders o LEFT JOIN named n USING (order_id)
WHERE o.unit = $unit AND o.status = 'placed' ORDER BY o.time, o.order_id
