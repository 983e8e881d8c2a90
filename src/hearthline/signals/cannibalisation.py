"""Cannibalisation: how many orders by hand an enrolment takes the place of."""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import Floats, Ints, days_of, made, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Cannibalisation"
TELLS: Final = (
    "For each enrolment how many orders by hand its home placed before and after, and how many homes alike "
    "without one placed in the same days: the difference is what the machine took the place of."
)
PAPER: Final = "matched difference: homes with as many orders by hand in the same days before (Rubin 1973)"
READS: Final = {
    "hand_orders": """
        SELECT unit, time FROM orders WHERE kind = 'person' AND status = 'placed' AND unit IS NOT NULL
    """,
    "decisions": """
        SELECT enrolment_id, unit, time, kind,
          (SELECT count(*) FROM orders o WHERE o.enrolment = e.enrolment_id AND o.status = 'placed') AS placed
        FROM enrolments e WHERE unit IS NOT NULL
    """,
}
NEEDS: Final = ()
TABLES: Final = {
    "cannibalisation": schema(
        enrolment=(pa.string(), "id of the enrolment"),
        unit=(pa.int64(), "key of the household"),
        kind=(pa.string(), "`replenishment` or `subscription`"),
        days=(pa.float64(), "days looked at before, and as many after"),
        before=(pa.int64(), "orders by hand in the days before"),
        after=(pa.int64(), "orders by hand in the days after"),
        expected=(pa.float64(), "mean orders by hand in the days after, of homes alike without an enrolment"),
        homes=(pa.int64(), "homes alike"),
        placed=(pa.int64(), "orders that the enrolment placed so far"),
    )
}
OPTIONS: Final = {"days": 56.0, "least_days": 21.0, "most_homes": 20_000.0, "alike": 5.0}


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `cannibalisation`, one row an enrolment that was watched long enough, sorted by its id.

    Options: `days` to look back and ahead, fewer where there are fewer but at least `least_days`;
    `most_homes` that others are compared with; `alike` so many homes alike are needed.
    """
    decisions, hand = sorted_by(seen["decisions"], "enrolment_id"), seen["hand_orders"]
    told: dict[str, list[Any]] = {f.name: [] for f in TABLES["cannibalisation"]}
    if decisions.num_rows and hand.num_rows:
        for row in _compared(decisions, hand, asked):
            for name, value in row.items():
                told[name].append(value)
    columns = {f.name: pa.array(told[f.name], f.type) for f in TABLES["cannibalisation"]}
    return {"cannibalisation": made(TABLES["cannibalisation"], columns)}


def _compared(decisions: pa.Table, hand: pa.Table, asked: Asked) -> list[dict[str, Any]]:
    day = np.floor(days_of(hand["time"], asked.as_of)).astype(np.int64)
    unit, day = hand["unit"].to_numpy()[day <= 0], day[day <= 0]
    enrolled = set(decisions["unit"].to_pylist())
    others = np.array([u for u in np.unique(unit).tolist() if u not in enrolled], dtype=np.int64)
    others = others[: int(asked.options["most_homes"])]
    first = int(day.min())
    table = _counts(others, unit, day, first)
    out = []
    for row, at in zip(decisions.to_pylist(), days_of(decisions["time"], asked.as_of).tolist(), strict=True):
        now = int(np.floor(at))
        days = int(min(asked.options["days"], now - first, -now))
        if days < asked.options["least_days"]:
            continue
        own = day[unit == row["unit"]]
        before, after = (
            int(((own >= now - days) & (own < now)).sum()),
            int(((own > now) & (own <= now + days)).sum()),
        )
        expected, homes = _alike(table, (now - first, days), before)
        if homes >= asked.options["alike"]:
            out.append(
                {
                    "enrolment": row["enrolment_id"],
                    "unit": row["unit"],
                    "kind": row["kind"],
                    "days": float(days),
                    "before": before,
                    "after": after,
                    "expected": expected,
                    "homes": homes,
                    "placed": row["placed"],
                }
            )
    return out


def _counts(others: Ints, unit: Ints, day: Ints, first: int) -> Floats:
    """Return (homes, days + 1) how many orders each home had placed by hand by the end of each day."""
    at = np.searchsorted(others, unit)
    good = (
        (at < len(others)) & (others[np.minimum(at, max(len(others) - 1, 0))] == unit)
        if len(others)
        else at < 0
    )
    out = np.zeros((len(others), -first + 3), dtype=np.float64)
    np.add.at(out, (at[good], day[good] - first + 1), 1)
    return np.cumsum(out, axis=1)


def _alike(table: Floats, when: tuple[int, int], before: int) -> tuple[float, int]:
    """Return the mean later orders of homes with as many earlier ones, and how many such homes there are."""
    now, days = when
    earlier = table[:, now] - table[:, max(now - days, 0)]
    same = earlier == before
    later = table[same, min(now + days + 1, table.shape[1] - 1)] - table[same, now + 1]
    return (float(later.mean()) if same.any() else 0.0), int(same.sum())
