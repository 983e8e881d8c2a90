-- Touches of the household between the order before and the end of the journey, inside their look-back windows.
SELECT make_timestamptz(t.time_ms * 1000) AS time, p.channel, p.campaign, p.device_kind, p.modality, p.stage, p.step, t.place
FROM touches t
JOIN touchpoints p USING (place)
JOIN channels c ON c.channel = t.channel
WHERE t.unit = $unit AND t.time_ms <= $end_ms
  AND t.time_ms >= coalesce((
    SELECT max(epoch_ms(o.time)) FROM orders o
    WHERE $to_order AND o.unit = $unit AND o.kind = 'person' AND o.status = 'placed' AND epoch_ms(o.time) < $end_ms
  ), -1)
  AND $end_ms - t.time_ms <= c.lookback_days * 86400000
ORDER BY t.time_ms, t.place
