"""What was asked by voice, as SQL: one row a question, and one row a session."""

from typing import Final

__all__ = ["ASKS", "SESSIONS"]

_FALLBACK: Final = (
    "regexp_matches(lower(intent_name), '(fallback|no_match|nomatch|unknown|default fallback)')"
)
_COMMERCE: Final = """(stage IN ('consideration', 'purchase') OR commerce_action IS NOT NULL
    OR regexp_matches(lower(intent_name), '(buy|order|purchas|product|price|cart|shop|search|compar)'))"""

ASKS: Final = f"""
    WITH spoken AS (
      SELECT unit, person, time, type, split_part(source, '/', 3) AS assistant, source AS skill,
        coalesce(intent_locale, 'not told') AS locale, coalesce(device_kind, 'unknown') AS kind,
        coalesce(device_room, 'not told') AS room, coalesce(device_id, 'unknown') AS device,
        correlation_session AS told, intent_name AS intent, intent_handled AS handled,
        coalesce(intent_utterance, array_to_string(list_sort(map_values(intent_slots)), ' ')) AS said,
        coalesce({_FALLBACK}, false) AS misunderstood, {_COMMERCE} AS commerce, id
      FROM homed_events WHERE modality = 'voice' AND intent_name IS NOT NULL),
    gaps AS (
      SELECT *, coalesce(time - lag(time) OVER near > INTERVAL 30 MINUTE, true) AS begins,
        lead(time) OVER near - time <= INTERVAL 2 MINUTE AND lead(device) OVER near = device AS again
      FROM spoken WINDOW near AS (PARTITION BY unit, skill, device ORDER BY time, id)),
    numbered AS (
      SELECT * EXCLUDE (begins), sum(begins::INT) OVER (
        PARTITION BY unit, skill, device ORDER BY time, id) AS nth FROM gaps)
    SELECT * EXCLUDE (told, nth, again), coalesce(again, false) AND
        (misunderstood OR handled IS NOT DISTINCT FROM false) AS repeated,
      coalesce(told, unit || ' ' || device || ' ' || nth) AS session
    FROM numbered"""
"""One row a question: `repeated` says that it failed and was asked anew within two minutes."""

SESSIONS: Final = f"""
    WITH asked AS (
      SELECT *, 1 AS asks, false AS buys FROM ({ASKS})
      UNION ALL BY NAME
      SELECT unit, source AS skill, coalesce(correlation_session, id) AS session,
        split_part(source, '/', 3) AS assistant, coalesce(intent_locale, 'not told') AS locale,
        coalesce(device_kind, 'unknown') AS kind, coalesce(device_room, 'not told') AS room, time,
        true AS commerce, false AS misunderstood, true AS handled, 0 AS asks, true AS buys
      FROM homed_events WHERE modality = 'voice' AND commerce_action = 'placed' AND intent_name IS NULL),
    sessions AS (
      SELECT unit, skill, session, min(assistant) AS assistant, min(locale) AS locale, min(kind) AS kind,
        min(room) AS room, min(time) AS began, max(time) AS ended, sum(asks) AS asks,
        bool_or(commerce) AS commerce, bool_or(NOT misunderstood) AS understood,
        CASE WHEN count(handled) = 0 AND NOT bool_or(misunderstood) THEN NULL
             ELSE bool_or(coalesce(handled, NOT misunderstood)) END AS handled,
        bool_or(commerce AND NOT misunderstood AND coalesce(handled, true)) AS engaged
      FROM asked GROUP BY unit, skill, session),
    offers AS (
      SELECT unit, time FROM homed_events WHERE modality = 'voice' AND (
        commerce_action IN ('added', 'checkout') OR regexp_matches(type, '(offer|proposal|purchase|cart)'))),
    bought AS (
      SELECT unit, time FROM homed_events WHERE modality = 'voice' AND commerce_action = 'placed'
      UNION ALL
      SELECT unit, time FROM orders WHERE via = 'voice' AND kind = 'person' AND unit IS NOT NULL
        AND coalesce(status, 'placed') = 'placed'),
    hand AS (
      SELECT unit, time FROM orders h
      WHERE kind = 'person' AND coalesce(via, '') <> 'voice' AND unit IS NOT NULL
        AND coalesce(status, 'placed') = 'placed' AND NOT EXISTS (SELECT 1 FROM bought b
          WHERE b.unit = h.unit AND b.time BETWEEN h.time - INTERVAL 10 MINUTE AND h.time))
    SELECT s.*,
      EXISTS (SELECT 1 FROM offers o WHERE o.unit = s.unit
        AND o.time BETWEEN s.began AND s.ended + INTERVAL 30 MINUTE) AS offered,
      EXISTS (SELECT 1 FROM bought b WHERE b.unit = s.unit
        AND b.time BETWEEN s.began AND s.ended + INTERVAL 30 MINUTE) AS ordered,
      EXISTS (SELECT 1 FROM hand h WHERE h.unit = s.unit
        AND h.time BETWEEN s.began AND s.ended + INTERVAL 24 HOUR) AS elsewhere
    FROM sessions s"""
"""One row a session: what the platform calls one, else questions less than half an hour apart.

A session in which something was ordered and nothing asked is one too."""
