"""The signals: what homes tell, one idea, one module, discovered by its file. Tables in, tables out.

A signal module defines `TITLE`, `TELLS`, `PAPER`, `READS`, `NEEDS`, `TABLES`, `OPTIONS` and
`derive(seen, asked) -> tables` (see `Signal`). It reads nothing but what it is given: no store, no
clock, no neighbour. What it gives back stands in the answer under the names of its `TABLES`, for reports
and destinations alike. Modules whose names begin with an underscore hold what signals share.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Protocol, cast

import pyarrow as pa

from hearthline.schema.errors import BadConfig, UnknownName
from hearthline.signals._use import USES

__all__ = [
    "DERIVED",
    "SHARED",
    "Asked",
    "Signal",
    "Tables",
    "asked_of",
    "check_options",
    "in_order",
    "load",
    "makers",
    "names",
]

Tables = Mapping[str, pa.Table]

DERIVED = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("layer", pa.string(), nullable=False),
        pa.field("unit", pa.int64()),
        pa.field("device_id", pa.string()),
        pa.field("device_kind", pa.string()),
        pa.field("signal_capability", pa.string()),
        pa.field("signal_attribute", pa.string()),
        pa.field("signal_instance", pa.string()),
        pa.field("signal_value", pa.string()),
        pa.field("signal_number", pa.float64()),
        pa.field("signal_unit", pa.string()),
    ]
)
"""The table `derived`: derived events, with the canonical event's columns and the household's key.

`time` is when it is known (the run's as-of); what it foretells is in `signal_value` and `signal_number`.
"""

SHARED: Mapping[str, str] = {"device_uses": USES}
"""Tables that several signals read, as SELECTs over what signals read: each is made once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a signal is asked: as of when (UTC), in which currency, with which options.

    `options` holds every one of the signal's `OPTIONS`, as set or as usual.
    """

    as_of: datetime
    currency: str = "EUR"
    options: Mapping[str, float] = field(default_factory=dict)


class Signal(Protocol):
    """What every module in this folder offers.

    Attributes:
        TITLE: its name on screens.
        TELLS: what it tells, in a sentence or two.
        PAPER: where the method is from.
        READS: name -> SELECT (DuckDB) over the answer's tables (docs/answer.md), those of `SHARED`, and
            `homed_events`: the usable events, each once, with the canonical columns and `unit`, `person`.
        NEEDS: tables of other signals that it wants to see; the order of signals follows from them.
        TABLES: name -> schema of what it gives back; each field's metadata `b"help"` says what it is.
            A table named `derived` has the schema `DERIVED`; all signals' rows stand in one table.
        OPTIONS: name -> usual value of what `[signals.options.<name>]` may set.
    """

    TITLE: str
    TELLS: str
    PAPER: str
    READS: Mapping[str, str]
    NEEDS: tuple[str, ...]
    TABLES: Mapping[str, pa.Schema]
    OPTIONS: Mapping[str, float]

    def derive(self, seen: Tables, asked: Asked) -> Tables:
        """Return the tables of `TABLES` from those of `READS` and `NEEDS`.

        The order of rows in `seen` carries no meaning; empty tables give empty tables; same input, same
        bytes.
        """
        ...


@cache
def names() -> tuple[str, ...]:
    """Return the names of all signals, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def load(name: str) -> Signal:
    """Return the signal of that name.

    Raises:
        UnknownName: there is no such signal; the message lists those that there are.
    """
    if name not in names():
        raise UnknownName(f"signals: no signal named {name!r}; choose one of {', '.join(names())}")
    return cast("Signal", import_module(f"{__name__}.{name}"))


@cache
def makers() -> Mapping[str, str]:
    """Return which signal makes which table (`derived`, which many add to, is not among them).

    >>> makers()["supplies"]
    'supplies'
    """
    return {table: name for name in names() for table in load(name).TABLES if table != "derived"}


@cache
def in_order() -> tuple[str, ...]:
    """Return the names of all signals, each after those whose tables it needs."""
    ordered: list[str] = []

    def visit(name: str, on_the_way: tuple[str, ...]) -> None:
        if name in on_the_way:
            raise BadConfig(f"signals: {' needs '.join((*on_the_way, name))}: a circle; break it")
        if name not in ordered:
            for table in load(name).NEEDS:
                visit(makers()[table], (*on_the_way, name))
            ordered.append(name)

    for name in names():
        visit(name, ())
    return tuple(ordered)


def check_options(options: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse settings of `[signals.options]` that no signal would heed.

    Raises:
        BadConfig: there is no such signal, or it has no such option; the message says what there is.

    >>> check_options({"supplys": {"rise": 1.0}})
    Traceback (most recent call last):
    hearthline.schema.errors.BadConfig: [signals.options]: there is no signal 'supplys'; choose one of ...
    """
    for name, chosen in options.items():
        if name not in names():
            known = ", ".join(n for n in names() if load(n).OPTIONS)
            raise BadConfig(f"[signals.options]: there is no signal {name!r}; choose one of {known}")
        _check_own(name, chosen)


def _check_own(name: str, options: Mapping[str, float]) -> None:
    usual = load(name).OPTIONS
    for option in options:
        if option not in usual:
            known = ", ".join(f"{o} ({v:g})" for o, v in usual.items()) or "none"
            raise BadConfig(f"signals.options.{name}: no option {option!r}; options are {known}")


def asked_of(name: str, asked: Asked, options: Mapping[str, float]) -> Asked:
    """Return what one signal is asked: its usual options with those that were set.

    Raises:
        BadConfig: the signal has no such option, or not such a value.

    >>> from datetime import UTC
    >>> asked_of("supplies", Asked(datetime(2026, 5, 1, tzinfo=UTC)), {"no_such": 1.0})
    Traceback (most recent call last):
    hearthline.schema.errors.BadConfig: signals.options.supplies: no option 'no_such'; ...
    """
    _check_own(name, options)
    return Asked(asked.as_of, asked.currency, {**load(name).OPTIONS, **options})
