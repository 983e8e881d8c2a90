-- Money given back, by the order that it is of; each refund once. That is the order of the refund's own shop; what
-- somebody else tells (a payment platform) is of the order of that number, where one shop alone has the number.
-- Where several tell the refunds of an order, the nearest counts: the shop, else another shop or payment platform,
-- else the rest; what is left is an echo. `shop` is null where there is no such order. A payment platform that does not know
-- the order's number names the payment in its place: the refund is then of the order that the payment is of (`payments`).
-- A refund that is told more than once, with its lines and without, gives back what its lines say of goods.
-- The unknown ones are those of orders that stand, which go on as if nothing had been given back.
-- `refunded` is in the reporting currency, each refund at its own rate; `as_sold` is in the order's own currency.
SELECT shop, order_id, CAST(sum(worth) AS DECIMAL(36, 12)) AS refunded,
  sum(CASE WHEN currency = sold_in THEN revenue END) AS as_sold, count(*) AS refunds,
  sum(CASE WHEN standing AND revenue IS NULL THEN 1 ELSE 0 END) AS unknown_amounts,
  sum(CASE WHEN standing AND revenue IS NOT NULL AND worth IS NULL AND currency <> sold_in THEN 1 ELSE 0 END) AS unknown_rates
FROM (
  SELECT t.*, CAST(CAST(t.revenue AS DECIMAL(19, 4)) * x.rate AS DECIMAL(36, 12)) AS worth,
    min(CASE WHEN t.revenue IS NOT NULL THEN t.far END) OVER (PARTITION BY t.shop, t.order_id) AS nearest
  FROM (
    SELECT o.shop, r.order_id, NOT o.cancelled AS standing, r.revenue, coalesce(r.currency, o.currency, '{currency}') AS currency,
      coalesce(o.currency, '{currency}') AS sold_in,
      CASE WHEN r.teller = o.shop THEN 0 WHEN r.teller <> '' THEN 1 ELSE 2 END AS far
    FROM (
      SELECT n.key, coalesce(p.order_id, n.order_id) AS order_id, n.currency, n.teller, n.revenue
      FROM (
        SELECT key, max(coalesce(refund_of, order_id)) AS order_id, max(currency) AS currency,
          max(CASE WHEN layer = 'commerce' THEN source ELSE '' END) AS teller,
          coalesce(max(abs(goods)), max(abs(revenue))) AS revenue
        FROM shop_events WHERE action = 'refunded' GROUP BY key
      ) n
      LEFT JOIN payments p ON n.teller = p.source AND n.order_id = p.payment
    ) r
    LEFT JOIN (
      SELECT shop, order_id, currency, cancelled, count(*) OVER (PARTITION BY order_id) AS shops FROM order_versions
    ) o ON r.order_id = o.order_id AND (r.teller = o.shop OR o.shops = 1)
  ) t
  LEFT JOIN rates x ON t.currency = x.currency
) told
WHERE shop IS NULL OR far = coalesce(nearest, far)
GROUP BY shop, order_id
