SELECT i.source, i.origin, CAST(sum(i.read) AS BIGINT) AS read, CAST(sum(i.events) AS BIGINT) AS events,
  CAST(NULL AS BIGINT) AS duplicates, CAST(sum(i.rejects) AS BIGINT) AS rejects, min(i.received) AS first, max(i.received) AS last
FROM raw_intake i GROUP BY i.source, i.origin
