-- What was read, and what of it is refused still: a refusal that a later reading cured counts no longer. Refusals are
-- told apart by the name of their file; those of a table that was taken for another kind before are the last reading's.
WITH told AS (
  SELECT source, origin, CASE WHEN source IN ('events', 'orders', 'spend') THEN '//file/' ELSE source END AS teller,
    regexp_extract(origin, '[^/]*$') AS name, CAST(sum(read) AS BIGINT) AS read, CAST(sum(events) AS BIGINT) AS events,
    min(received) AS first, max(received) AS last
  FROM raw_intake GROUP BY source, origin
), refused AS (
  SELECT CASE WHEN starts_with(source, '//file/') THEN '//file/' ELSE source END AS teller,
    regexp_extract(place, '([^/]*?):\d+(:\d+)?( .*)?$', 1) AS name, CAST(count(*) AS BIGINT) AS rejects
  FROM raw_rejects GROUP BY ALL
)
SELECT t.source, t.origin, t.read, t.events, CAST(NULL AS BIGINT) AS duplicates,
  CASE WHEN row_number() OVER (PARTITION BY t.teller, t.name ORDER BY t.last DESC, t.source, t.origin) = 1
    THEN coalesce(r.rejects, 0) ELSE 0 END AS rejects,
  t.first, t.last
FROM told t LEFT JOIN refused r USING (teller, name)
