"""Batches of households: their journeys with the money at the end of each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hearthline.attribution import Model
from hearthline.journeys import ENROLMENT, ORDER, Split, split
from hearthline.pipeline.core import Core
from hearthline.pipeline.credit.orders import Book, Orders
from hearthline.schema.journey import Bools, Floats, Ints, Journeys

__all__ = ["Batch", "Owed", "View", "batches", "owed_parts"]

_UNITS = 50_000


@dataclass(frozen=True, slots=True)
class Owed:
    """Journeys to be credited with real money.

    Attributes:
        journeys: one a journey or order; touches inside the look-back window.
        order: (n,) row of the order in its `Orders`, -1 for a journey without one.
        micros: (n,) net revenue of the order.
        payable: (n,) part of it that touches may earn; the rest was displaced or is no longer owed.
        order_ms: (n,) when the order was placed.
        end_ms: (n,) when the journey ended: the order itself, or its enrolment.
    """

    journeys: Journeys
    order: Ints
    micros: Ints
    payable: Ints
    order_ms: Ints
    end_ms: Ints


@dataclass(frozen=True, slots=True)
class View:
    """The journeys of some households, as models read them: journey by journey, or as a process in time.

    Attributes:
        to_order, to_enrol: what models are fitted to.
        orders: those to orders, as they are credited.
        enrolments: those to enrolments, as they are credited.
        enrolment: (n,) the enrolments' rows, -1 where there is none.
    """

    to_order: Journeys
    to_enrol: Journeys
    orders: Owed
    enrolments: Split
    enrolment: Ints


@dataclass(frozen=True, slots=True)
class Batch:
    """The journeys of some households in both views, and when those to orders began.

    Attributes:
        apart: touches since the conversion before.
        reaching: touches reach over conversions (`journeys.split`).
    """

    apart: View
    reaching: View
    start_ms: Ints

    def view(self, model: Model) -> View:
        """Return the view that a model reads."""
        return self.reaching if model.reaches else self.apart


def batches(core: Core, book: Book, *, reaching: bool) -> Iterator[Batch]:
    """Yield all households' journeys, some at a time; as a process only where that is asked for."""
    for rows in core.engine.batches("SELECT unit, marks FROM timelines ORDER BY unit", _UNITS):
        if not rows.num_rows:
            continue
        timelines = rows["unit"].to_numpy().astype(np.int64), rows["marks"]
        to_order = split(*timelines, ORDER, core.layout)
        apart = _view(to_order, split(*timelines, ENROLMENT, core.layout), book)
        other = apart
        if reaching:
            reached = split(*timelines, ORDER, core.layout, reach=True)
            other = _view(reached, split(*timelines, ENROLMENT, core.layout, reach=True), book)
        yield Batch(apart, other, to_order.start_ms)


def _view(to_order: Split, to_enrol: Split, book: Book) -> View:
    journeys = to_order.journeys.within_lookback()
    order = _numbered(journeys, book.person.unit, book.person.housed)
    micros = np.where(order >= 0, np.append(book.person.micros, 0)[order], 0)
    valued = replace(journeys, value=micros / 1e6)
    enrolling = to_enrol.journeys.within_lookback()
    return View(
        to_order=valued,
        to_enrol=enrolling,
        orders=Owed(valued.in_view(), order, micros, micros, to_order.end_ms, to_order.end_ms),
        enrolments=replace(to_enrol, journeys=enrolling.in_view()),
        enrolment=_numbered(enrolling, book.enrolments.unit, book.enrolments.housed),
    )


def _numbered(journeys: Journeys, owner: Ints, housed: Bools) -> Ints:
    """Return (n,) the row of what ended each journey, -1 where it stayed open.

    Rows are sorted by household and time, so are journeys within a household.
    """
    count = int(housed.sum())
    first = np.searchsorted(owner[:count], journeys.unit)
    starts = np.ones(journeys.n, bool)
    starts[1:] = journeys.unit[1:] != journeys.unit[:-1]
    begin = np.flatnonzero(starts)
    before: Ints = np.cumsum(journeys.converted) - journeys.converted
    nth: Ints = before - np.repeat(before[begin], np.diff(np.append(begin, journeys.n)))
    return np.where(journeys.converted, first + nth, -1)


def owed_parts(view: View, orders: Orders, owed: Floats) -> Owed:
    """Return the machine-placed orders of these households' enrolments, each with its enrolment's journey.

    `owed` holds the part of each order that is owed to its enrolment.
    """
    of_row = np.full(int(orders.enrolment.max(initial=-1)) + 2, -1, np.int64)
    won = np.flatnonzero(view.enrolment >= 0)
    inside = won[view.enrolment[won] < len(of_row) - 1]
    of_row[view.enrolment[inside]] = inside
    journey = of_row[orders.enrolment]
    order = np.flatnonzero((orders.enrolment >= 0) & (journey >= 0))
    journey = journey[order]
    micros = orders.micros[order]
    taken = view.enrolments.journeys.take(journey)
    return Owed(
        replace(taken, value=micros / 1e6),
        order,
        micros,
        np.rint(micros * owed[order]).astype(np.int64),
        orders.time_ms[order],
        view.enrolments.end_ms[journey],
    )
