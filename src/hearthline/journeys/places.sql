-- The touchpoints: one code for each channel, campaign, device kind, modality, stage, step and source.
SELECT CAST(row_number() OVER (ORDER BY place_key) - 1 AS BIGINT) AS place, place_key,
  channel, campaign, device_kind, modality, stage, step, source
FROM (
  SELECT DISTINCT place_key, channel, campaign, device_kind, modality, stage, step, source FROM context_places
) distinct_places
