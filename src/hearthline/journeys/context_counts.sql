-- How many events there are of each kind.
SELECT context, count(*) AS events, min(time_us) AS first_us, max(time_us) AS last_us FROM clean GROUP BY context
