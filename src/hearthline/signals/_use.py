"""What counts as use of a device, as SQL: somebody did or perceived something on it.

A heartbeat, a sensor's reading or an online report is no use; a level that fell is: somebody took some.
"""

from typing import Final

__all__ = ["ACT", "EFFECTIVE", "ERROR", "USES"]

ERROR: Final = """(regexp_matches(type, '(error|fault|failed)')
    OR (type = 'device.health.changed' AND lower(coalesce(signal_value, '')) IN ('offline', 'unhealthy'))
    OR regexp_matches(lower(coalesce(signal_attribute, '')), '(error|fault)')
       AND lower(coalesce(signal_value, '0')) NOT IN ('0', 'none', 'ok', 'clear', 'cleared', 'false', ''))"""
"""Whether an event reports that a device failed."""

EFFECTIVE: Final = f"""(touch_channel IS NOT NULL OR initiator_kind = 'human' OR intent_name IS NOT NULL
    OR exposure_event IS NOT NULL OR type = 'device.inventory.consumed' OR fell
    OR coalesce(signal_state_change, false) AND signal_number IS NULL
      AND NOT regexp_matches(lower(coalesce(signal_capability, '')), '(health|presence)')
      AND NOT {ERROR})"""
"""Whether an event is an effective interaction with its device.

A state that changed is, unless it is a number that a sensor read, a device that went off or on, somebody's
phone that came home, or an error."""

ACT: Final = f"""({EFFECTIVE} AND exposure_event IS NULL
    AND (touch_channel IS NULL OR initiator_kind = 'human' OR intent_name IS NOT NULL))"""
"""Whether somebody did something, and did not only perceive it."""

USES: Final = f"""
    WITH said AS (
      SELECT unit, device_id AS device, coalesce(device_kind, 'unknown') AS kind, time, type, touch_channel,
        initiator_kind, intent_name, signal_state_change, exposure_event, signal_capability, signal_attribute,
        signal_value, signal_number, false AS fell
      FROM homed_events WHERE device_id IS NOT NULL AND type <> 'device.inventory.level_reported'
      UNION ALL
      SELECT unit, device_id, coalesce(device_kind, 'unknown'), time, type, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, coalesce(signal_number < lag(signal_number) OVER (
          PARTITION BY unit, device_id, signal_instance ORDER BY time), false)
      FROM homed_events WHERE device_id IS NOT NULL AND type = 'device.inventory.level_reported')
    SELECT unit, device, kind, CAST(time AS DATE) AS day, count(*) FILTER ({EFFECTIVE}) AS uses,
      count(*) FILTER ({ACT}) AS acts, count(*) FILTER ({ERROR}) AS errors
    FROM said GROUP BY ALL HAVING uses > 0 OR errors > 0"""
"""Uses, of them acts, and errors of each device a day: `unit`, `device`, `kind`, `day` (UTC), and counts."""
