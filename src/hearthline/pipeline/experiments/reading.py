"""What experiments read of an answer: who is in which arm, and what every household brought in."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from hearthline.experiments import keys_of, off_by_lot
from hearthline.pipeline.experiments.book import Planned
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Bools, Floats, Ints

__all__ = [
    "AUTOMATED",
    "Arms",
    "Read",
    "arms_of",
    "before",
    "days_of",
    "everybody",
    "kinds_of",
    "money_of",
    "of_households",
    "reader",
    "takings",
    "touched",
]

Read = Callable[[str], pa.Table]
"""Takes a SELECT over the answer's tables, whose names stand in braces, as in `FROM {orders}`.

What stands in single quotes is left as it is, so a channel's name may hold braces.
"""
_BRACED = re.compile(r"'(?:[^']|'')*'|\{([a-z_]+)\}")
"""A text in quotes, which is the user's own, or a table's name in braces."""
AUTOMATED = ("subscription", "machine")


def kinds_of(kind: str) -> str:
    """Return the kinds of an answer's orders, as SQL, that a lift's kind stands for.

    >>> kinds_of("automated")
    "('subscription', 'machine')"
    """
    return {
        "all": "('person', 'subscription', 'machine')",
        "person": "('person')",
        "automated": str(AUTOMATED),
    }[kind]


@dataclass(frozen=True, slots=True)
class Arms:
    """Who is in an experiment.

    Attributes:
        unit: (n,) keys of households, ascending.
        off: (n,) whether the channel is off there.
        cluster: (n,) keys of the regions where regions were assigned.
        unseen: (2,) how many of a list, on and off, were never seen: they brought in nothing.
        torn: households whom the list puts into both arms; they are left out.
    """

    unit: Ints
    off: Bools
    cluster: Ints | None = None
    unseen: tuple[int, int] = (0, 0)
    torn: int = 0


def reader(table: Callable[[str], pa.Table], name: Callable[[str], str] = str) -> Read:
    """Return what reads an answer: `name` says how a table that stands in braces is called there.

    >>> reader(print, str.upper)("SELECT 1 FROM {orders} WHERE name = 'a {word} of it''s own'")
    SELECT 1 FROM ORDERS WHERE name = 'a {word} of it''s own'
    """
    return lambda sql: table(_BRACED.sub(lambda found: name(found[1]) if found[1] else found[0], sql))


def money_of(value: float) -> Decimal:
    """Return an estimate as money, to the millionth.

    >>> money_of(1 / 3)
    Decimal('0.333333')
    """
    return Decimal(f"{value:.6f}")


def days_of(read: Read) -> tuple[date, date]:
    """Return the first and the last day of the data."""
    row = read("SELECT first_day, last_day FROM {run}").to_pylist()[0]
    return row["first_day"], row["last_day"]


def arms_of(read: Read, planned: Planned) -> Arms:
    """Return who is in which arm.

    Without a list these are the households that were known before the start: who appears later may do so
    because of the channel.
    """
    of_households(read)
    if planned.listed:
        return _listed(read, planned)
    known = f"first < TIMESTAMPTZ '{planned.start} 00:00:00+00'"
    unit = (
        read(f"SELECT unit FROM {{households}} WHERE {known} ORDER BY unit")["unit"]
        .to_numpy()
        .astype(np.int64)
    )
    return Arms(unit, off_by_lot(unit, planned.name, planned.off))


def of_households(read: Read) -> None:
    """See to it that orders are told by household: that is what lots and lists put into arms.

    Raises:
        NothingToAnswer: journeys are made for persons.
    """
    if read("SELECT unit_kind FROM {run}")["unit_kind"].to_pylist() == ["person"]:
        raise NothingToAnswer(
            "experiment: households are assigned, but journeys are made for persons; set [journeys] unit = "
            "'household' and run again"
        )


def _listed(read: Read, planned: Planned) -> Arms:
    name = planned.name.replace("'", "''")
    rows = read(
        f"""SELECT i.unit, a.arm, a.region, count(*) AS n FROM {{assignments}} a LEFT JOIN {{identifiers}} i
            ON i.id = a.identifier WHERE a.experiment = '{name}' GROUP BY ALL ORDER BY ALL"""
    )
    known = rows["unit"].is_valid().to_numpy()
    units = rows["unit"].fill_null(0).to_numpy().astype(np.int64)
    region = [r or "" for r in rows["region"].to_pylist()]
    keys = keys_of(region)
    arm = rows["arm"].to_pylist()
    drawn = off_by_lot(keys if planned.by == "region" else units, planned.name, planned.off)
    off = np.array(
        [d if a is None else a == "off" for a, d in zip(arm, drawn.tolist(), strict=True)], np.bool_
    )
    n = rows["n"].to_numpy()
    unseen = (int(n[~known & ~off].sum()), int(n[~known & off].sum()))
    unit, first, back = np.unique(units[known], return_index=True, return_inverse=True)
    parts = np.bincount(back, weights=off[known]) / np.bincount(back)
    whole = (parts == 0.0) | (parts == 1.0)
    cluster = keys[known][first][whole] if planned.by == "region" else None
    return Arms(unit[whole], parts[whole] == 1.0, cluster, unseen, int((~whole).sum()))


def takings(read: Read, arms: Arms, first: date, last: date, kind: str) -> Floats:
    """Return (n + unseen,) what each household brought in from one day to another, both included."""
    rows = read(
        f"""SELECT unit, sum(net)::DOUBLE AS net FROM {{orders}} WHERE net IS NOT NULL AND unit IS NOT NULL
            AND kind IN {kinds_of(kind)} AND day BETWEEN DATE '{first}' AND DATE '{last}' GROUP BY unit"""
    )
    return _by_unit(arms, rows["unit"], rows["net"])


def touched(read: Read, arms: Arms, channel: str, since_ms: int, until_ms: int) -> Floats:
    """Return (n + unseen,) how often each household met a channel."""
    name = channel.replace("'", "''")
    rows = read(
        f"""SELECT t.unit, count(*) AS n FROM {{touches}} t JOIN {{channels}} c ON c.channel = t.channel
            WHERE c.name = '{name}' AND t.time_ms >= {since_ms} AND t.time_ms < {until_ms} GROUP BY t.unit"""
    )
    return _by_unit(arms, rows["unit"], rows["n"])


def _by_unit(arms: Arms, unit: Any, value: Any) -> Floats:
    out = np.zeros(len(arms.unit) + sum(arms.unseen))
    keys = unit.to_numpy().astype(np.int64)
    place = np.searchsorted(arms.unit, keys)
    place[place == len(arms.unit)] = 0
    known = arms.unit[place] == keys if len(arms.unit) else np.zeros(len(keys), np.bool_)
    out[place[known]] = value.to_numpy()[known]
    return out


def everybody(arms: Arms) -> Arms:
    """Return the arms with those of a list who were never seen at their end, each for itself."""
    on, off = arms.unseen
    if not on + off:
        return arms
    cluster = arms.cluster
    if cluster is not None:  # nobody knows their region's row; the seen ones stand for it
        return replace(arms, unseen=(0, 0))
    return replace(arms, off=np.concatenate([arms.off, np.zeros(on, np.bool_), np.ones(off, np.bool_)]))


def before(start: date, days: int, first: date) -> tuple[date, date]:
    """Return as many days before the start as count after it, as far as there are data."""
    return max(first, start - timedelta(days=days)), start - timedelta(days=1)
