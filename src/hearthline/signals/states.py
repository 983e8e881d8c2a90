"""States: what could be said of each household at each moment of the past, from what was known by then."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa

from hearthline.signals import DERIVED, Asked, Tables
from hearthline.signals._columns import DAY_US, WHEN, Floats, Ints, made, micros, schema, sorted_by
from hearthline.signals._states import Changes, fading, leaving, running_out

__all__ = [
    "BY_ACTS",
    "NEEDS",
    "OPTIONS",
    "PAPER",
    "READS",
    "TABLES",
    "TELLS",
    "TITLE",
    "derive",
    "running_out",
]

TITLE: Final = "States"
TELLS: Final = (
    "When each household was about to run out of something, used its devices much less than usual, or was "
    "about to leave, each as it could be said at that moment: what is received later changes nothing."
)
PAPER: Final = "weighted running rates, and the models of `churn` learned anew every Monday"
READS: Final = {
    "known_acts": """
        SELECT unit, time::DATE AS day, greatest(time, coalesce(time_received, time))::DATE AS known,
          count(*) AS acts
        FROM homed_events
        WHERE layer <> 'commerce' AND (initiator_kind = 'human' OR modality IN ('voice', 'gesture'))
        GROUP BY ALL""",
    "known_levels": """
        SELECT unit, identity AS sensor, time, greatest(time, coalesce(time_received, time)) AS known,
          signal_number AS level
        FROM homed_events
        WHERE type = 'device.inventory.level_reported' AND signal_number BETWEEN 0 AND 100
          AND lower(coalesce(signal_unit, 'percent')) IN ('percent', '%', 'percentage')""",
}
NEEDS: Final = ()
TABLES: Final = {
    "home_states": schema(
        unit=(pa.int64(), "key of the household"),
        state=(pa.string(), "`running_out`, `fading` or `leaving`"),
        since=(WHEN, "when it began (UTC): the moment at which it could be said"),
        until=(WHEN, "when it ended (UTC); null: it lasts"),
    ),
    "derived": DERIVED,
}
OPTIONS: Final = {"received": 1.0, "leaving": 0.0}
BY_ACTS: Final[Mapping[str, Callable[[Ints, Ints, Floats], Changes]]] = {
    "fading": fading,
    "leaving": leaving,
}
"""States that follow from what people did on which day."""


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `home_states`, sorted by household, state and beginning, and an event for each state that lasts.

    Options: `received`: whether a thing counts from when it was received (0: from when it happened);
    `leaving`: whether that state is told, which learns a model a week.
    """
    now = micros(asked.as_of)
    acts, levels = _known(seen["known_acts"], "day", asked), _known(seen["known_levels"], "time", asked)
    day = acts["known"].cast(pa.int32()).cast(pa.int64()).to_numpy()
    unit, many = acts["unit"].to_numpy(), acts["acts"].cast(pa.float64()).to_numpy()
    at = levels["known"].cast(pa.int64()).to_numpy()
    whose, sensor, level = (levels[n].to_numpy() for n in ("unit", "sensor", "level"))
    found = {"running_out": running_out(whose, sensor, at, level)}
    for name, judge in BY_ACTS.items():
        if name != "leaving" or asked.options["leaving"]:
            found[name] = judge(unit, day, many)
    parts = [_lasting(name, turns, now) for name, turns in found.items()]
    table = sorted_by(pa.concat_tables(parts), "unit", "state", "since")
    return {"home_states": table, "derived": _events(table.filter(pa.compute.is_null(table["until"])), asked)}


def _known(rows: pa.Table, told: str, asked: Asked) -> pa.Table:
    """Return the rows whose `known` is when they count, up to the as-of.

    What was received more than a day after the as-of is history that was loaded: it counts from when it
    happened.
    """
    after = pa.scalar(asked.as_of + timedelta(days=1), WHEN).cast(rows["known"].type, safe=False)
    loaded = pa.compute.greater(rows["known"], after)
    happened = loaded if asked.options["received"] else pa.compute.is_valid(rows["known"])
    known = pa.compute.if_else(happened, rows[told], rows["known"])
    rows = rows.set_column(rows.column_names.index("known"), "known", known)
    limit = pa.scalar(asked.as_of, WHEN).cast(rows["known"].type, safe=False)
    return rows.filter(pa.compute.less_equal(rows["known"], limit)).combine_chunks()


def _lasting(name: str, turns: Changes, now: int) -> pa.Table:
    """Return one row for each time that a household was in a state."""
    kept = turns.time_us <= now
    unit, time, on = turns.unit[kept], turns.time_us[kept], turns.on[kept]
    begins = np.flatnonzero(on)
    after = np.minimum(begins + 1, max(len(unit) - 1, 0))
    ends = (
        (begins + 1 < len(unit)) & (unit[after] == unit[begins]) if len(begins) else begins.astype(np.bool_)
    )
    columns = {
        "unit": unit[begins],
        "state": pa.repeat(name, len(begins)),
        "since": pa.array(time[begins]).cast(WHEN),
        "until": pa.array(time[after], mask=~ends).cast(WHEN),
    }
    return made(TABLES["home_states"], columns)


def _events(rows: pa.Table, asked: Asked) -> pa.Table:
    """Return one derived event for each state that lasts: its time is when it began."""
    n, states = rows.num_rows, rows["state"].to_pylist()
    keys = zip(rows["unit"].to_pylist(), states, rows["since"].to_pylist(), strict=True)
    plain = {
        "id": pa.array([f"{s}-{u}-{t:%Y%m%dT%H%M%S}" for u, s, t in keys], pa.string()),
        "source": pa.repeat("//hearthline/signals/states", n),
        "type": pa.array([f"derived.state.{s}" for s in states], pa.string()),
        "time": rows["since"].combine_chunks(),
        "layer": pa.repeat("derived", n),
        "unit": rows["unit"].combine_chunks(),
        "signal_capability": pa.repeat("state", n),
        "signal_attribute": rows["state"].combine_chunks(),
        "signal_value": pa.repeat("on", n),
        "signal_number": pa.array(
            (micros(asked.as_of) - rows["since"].combine_chunks().cast(pa.int64()).to_numpy()) / DAY_US
        ),
        "signal_unit": pa.repeat("days", n),
    }
    return pa.table([plain.get(f.name, pa.nulls(n, f.type)) for f in DERIVED], schema=DERIVED)
