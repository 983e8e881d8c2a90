"""Derived conditions of journeys: what signals said of each household in the past, when it was known."""

from typing import Final

import numpy as np
import pyarrow as pa

from hearthline.pipeline.making import make
from hearthline.schema.select import selects
from hearthline.schema.settings import JourneySettings
from hearthline.signals import states
from hearthline.store.engine import Engine

__all__ = ["CHANGES", "keep_conditions"]

CHANGES: Final = pa.schema(
    [("unit", pa.int64()), ("time_us", pa.int64()), ("condition", pa.int64()), ("active", pa.bool_())]
)
_ACTS, _LEVELS = selects("hearthline.journeys", "known_acts", "known_levels")
_KNOWN: Final = {
    "received": "CASE WHEN unix_micros(e.time_received) > {last} + 86400000000 THEN unix_micros(e.time) "
    "ELSE greatest(unix_micros(e.time), unix_micros(e.time_received)) END",
    "happened": "unix_micros(e.time)",
}


def keep_conditions(engine: Engine, chosen: JourneySettings) -> None:
    """Make the table `condition_changes`: when each household entered and left each chosen condition.

    `condition` is the condition's place in the setting; without a condition the table is empty.
    """
    engine.load("condition_changes", pa.concat_tables([CHANGES.empty_table(), *_changes(engine, chosen)]))


def _changes(engine: Engine, chosen: JourneySettings) -> list[pa.Table]:
    if not chosen.conditions:
        return []
    (last,) = engine.table("SELECT max(last_us) AS last_us FROM context_counts")["last_us"].to_pylist()
    known = {"known": _KNOWN[chosen.known].format(last=last)}
    found, acts = [], None
    for number, name in enumerate(chosen.conditions):
        if name == "running_out":
            make(engine, _LEVELS, known)
            rows = engine.table("SELECT unit, identity, known_us, level FROM known_levels")
            unit, sensor, when, level = (rows[n].to_numpy() for n in rows.column_names)
            turns = states.running_out(unit, sensor, when, level)
        else:
            if acts is None:
                make(engine, _ACTS, known)
                acts = engine.table("SELECT unit, day, acts FROM known_acts")
            unit, day, many = (acts[n].to_numpy() for n in acts.column_names)
            turns = states.BY_ACTS[name](unit, day, many.astype(np.float64))
        columns = [turns.unit, turns.time_us, np.full(len(turns.unit), number), turns.on]
        found.append(pa.table(columns, schema=CHANGES))
    return found
