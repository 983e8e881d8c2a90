-- Which touchpoint the touches of each context happen at; `place_key` spells it out for joining.
SELECT context, channel, campaign, device_kind, modality, stage, step, source,
  concat_ws('|', CAST(channel AS VARCHAR(20)), coalesce(campaign, ''), coalesce(device_kind, ''), modality, stage,
    coalesce(step, ''), source) AS place_key
FROM (
  SELECT k.context, c.channel, CASE WHEN own.name IS NULL THEN NULL ELSE k.touch_campaign END AS campaign,
    k.device_kind, k.modality, k.stage, k.step, k.source
  FROM kinds k
  LEFT JOIN channels own ON own.name = k.touch_channel
  JOIN channels c ON c.name = coalesce(own.name, '(other channels)')
  WHERE k.is_touch
) placed
