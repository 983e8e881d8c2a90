-- What orders hold, by the keys of their products, each once; only where some order is told without a price.
WITH lines AS (
  SELECT shop, order_id, p.product_id AS product_id, p.sku AS sku
  FROM (
    SELECT CASE WHEN e.layer = 'commerce' THEN e.source ELSE '' END AS shop, e.commerce_order AS order_id,
      explode(e.commerce_products) AS p
    FROM raw_events e
    JOIN (SELECT order_id FROM unpriced LIMIT 1) needed ON needed.order_id IS NOT NULL
    WHERE e.commerce_order IS NOT NULL AND e.commerce_products IS NOT NULL AND e.commerce_action IN ('placed', 'updated')
  ) told
)
SELECT DISTINCT shop, order_id, lower(product) AS product
FROM (SELECT shop, order_id, product_id AS product FROM lines UNION ALL SELECT shop, order_id, sku FROM lines) keyed
WHERE product IS NOT NULL
