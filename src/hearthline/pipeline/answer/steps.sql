WITH reach AS (
  SELECT *, CASE stage WHEN 'awareness' THEN 1 WHEN 'consideration' THEN 2 WHEN 'purchase' THEN 3 ELSE 4 END AS depth FROM home_steps
), furthest AS (
  SELECT unit, max(CASE WHEN depth = 2 THEN last_us END) AS considered, max(CASE WHEN depth = 3 THEN last_us END) AS bought,
    max(CASE WHEN depth = 4 THEN last_us END) AS after
  FROM reach GROUP BY unit
), ordered AS (SELECT step, count(*) AS orders FROM orders WHERE status = 'placed' GROUP BY step)
SELECT r.stage, r.step, CAST(sum(r.events) AS BIGINT) AS events, count(DISTINCT r.unit) AS homes,
  coalesce(max(o.orders), 0) AS orders,
  count(DISTINCT CASE WHEN (depth < 2 AND f.considered > r.first_us) OR (depth < 3 AND f.bought > r.first_us)
    OR (depth = 3 AND f.after > r.first_us) THEN r.unit END) AS next_homes
FROM reach r JOIN furthest f USING (unit) LEFT JOIN ordered o USING (step)
GROUP BY r.stage, r.step
