-- Which steps of the journey map each household went through, and when first and last.
SELECT m.unit, k.stage_of AS stage, k.step, count(*) AS events, min(c.time_us) AS first_us, max(c.time_us) AS last_us
FROM clean c
JOIN (
  SELECT context, step, CASE
    WHEN step IN ('tv', 'car_audio', 'home_display', 'voice_search', 'other_awareness') THEN 'awareness'
    WHEN step IN ('voice_research', 'comparison', 'compatibility_check', 'ecosystem_planning', 'other_consideration')
      THEN 'consideration'
    WHEN step IN ('voice_order', 'device_order', 'payment_activation', 'device_subscription', 'other_purchase') THEN 'purchase'
    ELSE 'post_purchase' END AS stage_of
  FROM kinds WHERE step IS NOT NULL
) k ON c.context = k.context
JOIN members m ON c.identity = m.identity AND c.time_us >= m.valid_from_us AND c.time_us < m.valid_to_us
GROUP BY m.unit, k.stage_of, k.step
