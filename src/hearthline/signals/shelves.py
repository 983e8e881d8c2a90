"""Shelves: how often each supply was empty before it was filled again, with and without an enrolment."""

from typing import Final

import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import made, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Shelves"
TELLS: Final = (
    "For each supply that a sensor reads, over how many days it was watched and was empty, and how many "
    "refills came in time or too late, apart for times with and without a running replenishment."
)
PAPER: Final = "counts; a gap between two readings counts for at most three days"
READS: Final = {
    "shelf_days": """
        WITH levels AS (
          SELECT unit, device_id AS device, coalesce(signal_instance, signal_attribute, 'supply') AS supply,
            time, signal_number / nullif(CASE
              WHEN lower(coalesce(signal_unit, 'percent')) IN ('percent', '%', 'percentage') THEN 100
              ELSE max(signal_number) OVER (PARTITION BY unit, device_id, signal_instance) END, 0) AS level
          FROM homed_events
          WHERE type = 'device.inventory.level_reported' AND signal_number >= 0 AND signal_number < 1e12
            AND device_id IS NOT NULL
        ),
        gaps AS (
          SELECT *, lag(level) OVER w AS before, lead(time) OVER w AS next FROM levels
          WINDOW w AS (PARTITION BY unit, device, supply ORDER BY time, level)
        ),
        told AS (
          SELECT g.*, EXISTS (SELECT 1 FROM enrolments e WHERE e.unit = g.unit AND e.kind = 'replenishment'
            AND e.time <= g.time AND (e.ended IS NULL OR e.ended > g.time)) AS enrolled
          FROM gaps g WHERE level IS NOT NULL
        )
        SELECT unit, device, supply, enrolled,
          sum(least(coalesce(date_diff('second', time, next), 0), 259200))::DOUBLE / 86400 AS days,
          coalesce(sum(least(date_diff('second', time, next), 259200)) FILTER (level <= 0.025), 0)::DOUBLE
            / 86400 AS empty_days,
          count(*) FILTER (level - before > 0.15) AS refills,
          count(*) FILTER (level - before > 0.15 AND before <= 0.025) AS late,
          sum(CAST(before AS DECIMAL(18, 9))) FILTER (level - before > 0.15)::DOUBLE AS spare
        FROM told GROUP BY ALL
    """,
}
NEEDS: Final = ()
TABLES: Final = {
    "shelves": schema(
        unit=(pa.int64(), "key of the household"),
        device=(pa.string(), "id of the device"),
        supply=(pa.string(), "which of the device's supplies"),
        enrolled=(pa.bool_(), "whether a replenishment of the home was running"),
        days=(pa.float64(), "days watched"),
        empty_days=(pa.float64(), "of these with nothing left (a reading of at most 2.5 %)"),
        refills=(pa.int64(), "refills seen"),
        late=(pa.int64(), "of these with nothing left before"),
        spare=(pa.float64(), "packs left just before refills, summed"),
    )
}
OPTIONS: Final[dict[str, float]] = {}


def derive(seen: Tables, asked: Asked) -> Tables:  # noqa: ARG001 # as the room calls every signal
    """Return `shelves`, one row a supply with and one without an enrolment, sorted by its key."""
    rows = sorted_by(seen["shelf_days"], "unit", "device", "supply", "enrolled")
    columns = {f.name: rows[f.name].combine_chunks() for f in TABLES["shelves"]}
    return {"shelves": made(TABLES["shelves"], columns)}
