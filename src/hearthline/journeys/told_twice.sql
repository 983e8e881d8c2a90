-- Orders of a machine or a schedule that one platform tells without a price (Dash) and a shop tells with one: the same
-- order, told twice. By the reference that both name (confidence 1); by product, household and time (0.9); or, where the
-- household of one of them is not known, by product and time if no other pair within a day is possible (0.6).
-- Only orders of the days around are looked at, so that twice as many days cost twice as much, not four times.
SELECT shop, order_id, priced_shop, priced_order, kind, confidence, evidence, CAST(best_claim AS BIGINT) AS claim
FROM (
  SELECT *,
    row_number() OVER (PARTITION BY shop, order_id ORDER BY confidence DESC, apart_us, priced_shop, priced_order) AS best_price,
    row_number() OVER (PARTITION BY priced_shop, priced_order ORDER BY confidence DESC, apart_us, shop, order_id) AS best_claim
  FROM (
    SELECT shop, order_id, priced_shop, priced_order, kind, apart_us, CAST(confidence AS DOUBLE) AS confidence, evidence,
      count(*) OVER (PARTITION BY shop, order_id) AS prices, count(*) OVER (PARTITION BY priced_shop, priced_order) AS claims
    FROM (
      SELECT p.shop, p.order_id, q.shop AS priced_shop, q.order_id AS priced_order, p.kind,
        abs(p.time_us - q.time_us) AS apart_us, 1.0 AS confidence, 'reference' AS evidence
      FROM unpriced p
      JOIN order_versions q ON p.ref_id = q.ref_id
      WHERE q.revenue IS NOT NULL AND q.kind <> 'person' AND abs(p.time_us - q.time_us) <= 259200000000
      UNION ALL
      SELECT p.shop, p.order_id, q.shop, q.order_id, p.kind, abs(p.time_us - q.time_us),
        CASE WHEN p.unit = m.unit THEN 0.9 ELSE 0.6 END,
        CASE WHEN p.unit = m.unit THEN 'product, household, time' ELSE 'product, time' END
      FROM unpriced p
      JOIN (
        SELECT DISTINCT a.shop, a.order_id, b.shop AS priced_shop, b.order_id AS priced_order
        FROM (
          SELECT t.shop, t.order_id, t.product, u.unit, CAST(floor(u.time_us / 86400000000) AS BIGINT) + near.days AS day
          FROM told_products t
          JOIN unpriced u ON t.shop = u.shop AND t.order_id = u.order_id
          CROSS JOIN (
            SELECT -1 AS days UNION ALL SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
          ) near
        ) a
        JOIN (
          SELECT t.shop, t.order_id, t.product, n.unit, CAST(floor(v.time_us / 86400000000) AS BIGINT) AS day
          FROM told_products t
          JOIN order_versions v ON t.shop = v.shop AND t.order_id = v.order_id
          LEFT JOIN members n ON v.usable AND v.identity = n.identity AND v.time_us >= n.valid_from_us AND v.time_us < n.valid_to_us
          WHERE v.revenue IS NOT NULL AND NOT v.by_human
        ) b ON a.product = b.product AND a.day = b.day AND a.shop <> b.shop
          AND (a.unit = b.unit OR a.unit IS NULL OR b.unit IS NULL)
      ) alike ON p.shop = alike.shop AND p.order_id = alike.order_id
      JOIN order_versions q ON alike.priced_shop = q.shop AND alike.priced_order = q.order_id
      LEFT JOIN members m ON q.usable AND q.identity = m.identity AND q.time_us >= m.valid_from_us AND q.time_us < m.valid_to_us
      WHERE q.revenue IS NOT NULL AND NOT q.by_human
        AND (q.ref_id IS NULL OR p.ref_id IS NULL OR q.ref_id = p.ref_id OR coalesce(q.ref_system, '') <> coalesce(p.ref_system, ''))
        AND q.time_us >= p.time_us - 3600000000
        AND CASE WHEN p.unit = m.unit THEN q.time_us <= p.time_us + 259200000000
          WHEN p.unit IS NULL OR m.unit IS NULL THEN q.time_us <= p.time_us + 86400000000 ELSE FALSE END
    ) pairs
  ) counted
  WHERE confidence > 0.6 OR (prices = 1 AND claims = 1)
) ranked
WHERE best_price = 1 AND (best_claim = 1 OR evidence = 'reference')
