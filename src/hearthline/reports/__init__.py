"""The reports: one named table, one module, discovered by its file. Every surface renders them alike.

A report module defines `POSITION` (where it stands on a page of several), `TITLE`, `QUESTION`,
`DEFINITION` and `build(answer) -> Figure`; and, if it belongs to a screen of the dashboard, `SCREEN`
(see `SCREENS`): without one it has a page of its own and stands in the list of all reports. It may offer
`titled(figure) -> str`, which says what is true of a figure that was narrowed to some of its rows. It reads
the answer's tables by SQL and computes nothing that a model or a signal should.
"""

import pkgutil
from functools import cache
from importlib import import_module
from typing import Protocol, cast

import pyarrow as pa

from hearthline.reports._words import STEPS
from hearthline.schema.errors import UnknownName
from hearthline.schema.figure import Figure

__all__ = ["SCREENS", "Answer", "Report", "in_order", "load", "names", "on_screen", "step_said"]

SCREENS = (
    "overview",
    "attribution",
    "paths",
    "household",
    "devices",
    "replenishment",
    "identity",
    "stream",
    "trust",
)
"""The dashboard's screens, as a report names its own."""


class Answer(Protocol):
    """A published answer: its tables, read by SQL."""

    @property
    def currency(self) -> str:
        """The reporting currency (ISO 4217)."""
        ...

    @property
    def source(self) -> str:
        """Which home and run this is, in words, for a figure's footer."""
        ...

    def table(self, sql: str) -> pa.Table:
        """Return the result of a SELECT over the answer's tables."""
        ...


class Report(Protocol):
    """What every module in this folder offers."""

    POSITION: int
    TITLE: str
    QUESTION: str
    DEFINITION: str

    def build(self, answer: Answer) -> Figure:
        """Return the report's figure."""
        ...


@cache
def names() -> tuple[str, ...]:
    """Return the names of all reports, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def load(name: str) -> Report:
    """Return the report of that name.

    Raises:
        UnknownName: there is no such report; the message lists those that there are.
    """
    if name not in names():
        raise UnknownName(f"reports: no report named {name!r}; choose one of {', '.join(names())}")
    return cast("Report", import_module(f"{__name__}.{name}"))


def in_order() -> tuple[str, ...]:
    """Return the names of all reports as they stand on a page: the first question first."""
    return tuple(sorted(names(), key=lambda name: (load(name).POSITION, name)))


def on_screen(screen: str) -> tuple[str, ...]:
    """Return the names of a screen's reports, as they stand on it.

    >>> on_screen("attribution")[0]
    'attribution'
    """
    return tuple(name for name in in_order() if getattr(load(name), "SCREEN", "") == screen)


def step_said(step: str | None) -> str:
    """Return the name of a step of the journey map as screens show it.

    >>> step_said("voice_order"), step_said("no_such_step")
    ('Voice order', 'no_such_step')
    """
    return STEPS[step][1] if step in STEPS else step or ""
