SELECT order_id, shop, priced_order, priced_shop, kind, confidence, evidence
FROM told_twice
ORDER BY priced_order, priced_shop, order_id, shop
