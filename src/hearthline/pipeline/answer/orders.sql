SELECT order_id, source, shop, unit, make_timestamptz(time_us) AS time, CAST(make_timestamp(time_us) AS DATE) AS day, kind, actor, via,
  CAST(gross AS DECIMAL(24, 6)) AS gross, CAST(net AS DECIMAL(24, 6)) AS net, CAST(refunded AS DECIMAL(24, 6)) AS refunded,
  currency, value_known, enrolment, cycle, status, CAST(set_aside AS DECIMAL(24, 6)) AS set_aside, step
FROM orders
