-- What shops and machines said of orders, refunds and enrolments: few rows, all the columns needed. Orders
-- that a shop marks as tests (their source ends in /test) are nobody's. What was paid is there for the number of the payment
-- (`payment`), which an order and its payments name; `goods` is what is told of goods alone, without tax and postage.
SELECT DISTINCT e.key, e.id, e.source, e.layer, unix_micros(e.time) AS time_us, e.identity, e.modality, k.usable, k.step,
  e.commerce_action AS action, e.commerce_order AS order_id, e.commerce_subscription AS subscription,
  coalesce(e.commerce_revenue, e.commerce_total) AS revenue, coalesce(e.commerce_total, e.commerce_revenue) AS total,
  e.commerce_revenue AS goods, e.correlation_token AS payment, upper(e.commerce_currency) AS currency, e.commerce_value_known AS value_known, e.commerce_refund_of AS refund_of,
  e.initiator_kind, e.automation_kind, e.automation_role AS role, e.automation_ref_system AS ref_system,
  coalesce(e.automation_ref_id, e.commerce_subscription) AS ref_id, e.automation_enrolled_event AS enrolled_event
FROM raw_events e
JOIN (
  SELECT context, usable, step FROM kinds
  WHERE (commerce_action IN ('placed', 'updated', 'cancelled', 'refunded', 'paid') OR automation_role IN ('enrol', 'end'))
    AND source NOT LIKE '%/test'
) k ON e.context = k.context
