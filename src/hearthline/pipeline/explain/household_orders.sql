-- The household's orders with what each of them names: what would go with a link that is wrong.
WITH told AS MATERIALIZED (
  SELECT commerce_order AS order_id, CASE WHEN layer = 'commerce' THEN source ELSE '' END AS teller, identity FROM events
  WHERE commerce_action = 'placed' AND commerce_order IN (SELECT order_id FROM orders WHERE unit = $unit)
), who AS MATERIALIZED ( -- so that of millions of identities only theirs are unpacked
  SELECT identity, list_concat(
    list_transform(identifiers, lambda x: x.namespace || ':' || x.value),
    list_transform(household_hints, lambda x: 'hint.' || x.kind || ':' || x.value)) AS ids
  FROM identities WHERE identity IN (SELECT identity FROM told)
), named AS (
  SELECT o.shop, o.order_id, list_distinct(flatten(list(ids))) AS ids
  FROM orders o JOIN told t ON t.order_id = o.order_id AND (t.teller = o.shop OR t.teller = '') JOIN who USING (identity)
  WHERE o.unit = $unit GROUP BY o.shop, o.order_id
)
SELECT o.order_id, o.shop, o.time, o.kind, o.net, coalesce(n.ids, []) AS ids
FROM orders o LEFT JOIN named n USING (shop, order_id)
WHERE o.unit = $unit AND o.status = 'placed' ORDER BY o.time, o.order_id, o.shop
