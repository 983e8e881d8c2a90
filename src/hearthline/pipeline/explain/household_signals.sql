-- What signals say of one household: one row a supply, a risk, an alarm, a state, with what each rests on.
WITH said AS (
  SELECT 'run_outs' AS signal, coalesce(r.product, r.supply) AS about, r.device, s.last AS known, r.days AS number,
    'days until it is used up' AS unit, r.low, r.high,
    format('{:.0f}% this week; {:.2f} packs left, {:.3f} a day, from {} {}', 100 * r.week, r.packs, s.rate, s.readings,
      CASE r.basis WHEN 'sensor' THEN 'readings' WHEN 'uses' THEN 'uses' ELSE 'orders' END) AS said
  FROM run_outs r JOIN supplies s USING (unit, device, supply) WHERE r.unit = $unit
  UNION ALL BY NAME
  SELECT 'churn' AS signal, 'gone or leaving within 28 days' AS about, CAST(last AS TIMESTAMPTZ) AS known, chance AS number,
    'probability' AS unit, concat_ws(', ', state, reason, second, third) AS said
  FROM churn WHERE unit = $unit
  UNION ALL BY NAME
  SELECT 'service_alerts' AS signal, kind AS about, device, CAST(day AS TIMESTAMPTZ) AS known, errors::DOUBLE AS number,
    'errors in 7 days' AS unit, format('usually {:.2f}; followed by: {}', usual, outcome) AS said
  FROM service_alerts WHERE unit = $unit
  UNION ALL BY NAME
  SELECT 'states' AS signal, replace(state, '_', ' ') AS about, since AS known, 'lasts since then' AS said
  FROM home_states WHERE unit = $unit AND until IS NULL
)
SELECT signal, about, device, known, number, unit, low, high, said FROM said ORDER BY signal, known DESC, about, device
