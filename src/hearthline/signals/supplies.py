"""Supplies: what is left of what in each home, from the levels that devices report."""

from typing import Final

import numpy as np
import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import WHEN, Floats, Ints, days_of, groups, made, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Supplies"
TELLS: Final = (
    "What is left of each supply of each device, when it was read last, and how often it was refilled."
)
PAPER: Final = "a refill is a rise of more than the sensor's step and noise"
READS: Final = {
    "level_readings": """
        SELECT unit, device_id AS device, coalesce(signal_instance, signal_attribute) AS supply,
          coalesce(device_kind, 'unknown') AS kind, lower(coalesce(signal_unit, 'percent')) AS measure, time,
          signal_number AS level
        FROM homed_events
        WHERE type = 'device.inventory.level_reported' AND signal_number >= 0
    """
}
NEEDS: Final = ()
TABLES: Final = {
    "supplies": schema(
        unit=(pa.int64(), "key of the household"),
        device=(pa.string(), "id of the device"),
        supply=(pa.string(), "which of the device's supplies"),
        kind=(pa.string(), "kind of device"),
        measure=(pa.string(), "what the level is counted in"),
        last=(WHEN, "time of the last reading (UTC)"),
        level=(pa.float64(), "the last reading"),
        readings=(pa.int64(), "readings so far"),
        refills=(pa.int64(), "refills seen"),
        refilled=(WHEN, "time of the last refill seen (UTC); null: none"),
    )
}
OPTIONS: Final = {"rise": 15.0}


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `supplies`, one row a supply of a device in a home, sorted by household, device and supply."""
    rows = sorted_by(seen["level_readings"], "unit", "device", "supply", "time")
    group = groups(rows["unit"], rows["device"], rows["supply"])
    level, day = rows["level"].to_numpy(), days_of(rows["time"], asked.as_of)
    begin = np.flatnonzero(np.diff(group, prepend=-1))
    last = np.append(begin[1:], len(group))[: len(begin)] - 1
    refill = _refills(group, level, asked.options["rise"])
    when = np.where(refill, day, -np.inf)
    latest = np.maximum.reduceat(when, begin) if len(begin) else when
    back = asked.as_of.timestamp() * 1_000_000
    moments = np.where(np.isinf(latest), 0, back + latest * 86_400_000_000).round().astype(np.int64)
    at = pa.array(last)
    plain = {n: rows[n].take(at).combine_chunks() for n in ("unit", "device", "supply", "kind", "measure")}
    return {
        "supplies": made(
            TABLES["supplies"],
            plain
            | {
                "last": rows["time"].take(at).combine_chunks(),
                "level": level[last],
                "readings": last - begin + 1,
                "refills": np.add.reduceat(refill.astype(np.int64), begin) if len(begin) else last,
                "refilled": pa.array(moments, mask=np.isinf(latest)).cast(WHEN),
            },
        )
    }


def _refills(group: Ints, level: Floats, rise: float) -> np.ndarray:
    """Return for each reading whether the supply was refilled since the one before it."""
    out = np.zeros(len(level), dtype=np.bool_)
    out[1:] = (group[1:] == group[:-1]) & (np.diff(level) > rise)
    return out
