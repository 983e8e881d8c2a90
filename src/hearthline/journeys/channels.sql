-- The channels, coded by name. Beyond the {most_channels} with the most touches they share one name.
SELECT CAST(row_number() OVER (ORDER BY name) - 1 AS BIGINT) AS channel, name, touches, stage
FROM (
  SELECT name, sum(touches) AS touches, max_by(stage, touches) AS stage
  FROM (
    SELECT CASE WHEN size_rank <= {most_channels} THEN touch_channel ELSE '(other channels)' END AS name, touches, stage
    FROM (
      SELECT touch_channel, sum(touches) AS touches, max_by(stage, touches) AS stage,
        row_number() OVER (ORDER BY sum(touches) DESC, touch_channel) AS size_rank
      FROM (
        SELECT k.touch_channel, k.stage, sum(n.events) AS touches
        FROM kinds k JOIN context_counts n ON k.context = n.context
        WHERE k.is_touch GROUP BY k.touch_channel, k.stage
      ) by_stage
      GROUP BY touch_channel
    ) ranked
  ) named
  GROUP BY name
) merged
