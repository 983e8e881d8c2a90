-- What each person placed and earned in expectation, with what each did on shared devices.
WITH used AS (
  SELECT actor, person, sum(probability) AS sessions FROM actors WHERE unit = $unit AND basis = 'estimated' GROUP BY ALL
), earned AS (SELECT * EXCLUDE (unit) FROM person_credit WHERE unit = $unit)
SELECT coalesce(e.actor, u.actor) AS actor, coalesce(e.person, u.person) AS person, coalesce(u.sessions, 0) AS sessions,
  coalesce(e.orders, 0) AS orders, e.revenue, e.revenue_low, e.revenue_high, e.credit, e.credit_low, e.credit_high
FROM earned e FULL JOIN used u ON e.actor = u.actor AND e.person IS NOT DISTINCT FROM u.person
ORDER BY orders DESC, sessions DESC, actor, person
