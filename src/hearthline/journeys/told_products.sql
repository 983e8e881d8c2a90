-- What the orders without a price hold, and which other orders hold the same: product keys of an order, each once.
SELECT DISTINCT shop, order_id, lower(product) AS product
FROM (
  SELECT shop, order_id, p.product_id AS product FROM (
    SELECT CASE WHEN layer = 'commerce' THEN source ELSE '' END AS shop, commerce_order AS order_id, explode(commerce_products) AS p
    FROM raw_events WHERE commerce_products IS NOT NULL AND commerce_order IS NOT NULL AND commerce_action IN ('placed', 'updated')
  ) by_id
  UNION ALL
  SELECT shop, order_id, p.sku AS product FROM (
    SELECT CASE WHEN layer = 'commerce' THEN source ELSE '' END AS shop, commerce_order AS order_id, explode(commerce_products) AS p
    FROM raw_events WHERE commerce_products IS NOT NULL AND commerce_order IS NOT NULL AND commerce_action IN ('placed', 'updated')
  ) by_sku
) told
WHERE product IS NOT NULL
