SELECT c.channel, c.name, CAST(c.touches AS BIGINT) AS touches, coalesce(r.homes, 0) AS homes, r.lookback_days, r.direct
FROM channels c LEFT JOIN channel_reach r USING (channel)
