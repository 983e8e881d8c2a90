"""Batches of households: their journeys with the money at the end of each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from hearthline.journeys import ENROLMENT, ORDER, Split, split
from hearthline.pipeline.core import Core
from hearthline.pipeline.credit.orders import Book, Orders
from hearthline.schema.journey import Bools, Ints, Journeys

__all__ = ["Batch", "Owed", "batches", "concatenated", "owed_parts"]

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
class Batch:
    """The journeys of some households: to orders, and to enrolments (with the enrolments' rows)."""

    orders: Owed
    enrolments: Split
    enrolment: Ints
    start_ms: Ints


def batches(core: Core, book: Book) -> Iterator[Batch]:
    """Yield all households' journeys, some households at a time."""
    for rows in core.engine.batches("SELECT unit, marks FROM timelines ORDER BY unit", _UNITS):
        if not rows.num_rows:
            continue
        units = rows["unit"].to_numpy().astype(np.int64)
        lists = rows["marks"]
        to_order = split(units, lists, ORDER, core.layout)
        journeys = to_order.journeys
        order = _numbered(journeys, book.person.unit, book.person.housed)
        micros = np.where(order >= 0, np.append(book.person.micros, 0)[order], 0)
        valued = replace(journeys, value=micros / 1e6).within_lookback()
        owed = Owed(valued, order, micros, micros, to_order.end_ms, to_order.end_ms)
        to_enrol = split(units, lists, ENROLMENT, core.layout)
        enrolment = _numbered(to_enrol.journeys, book.enrolments.unit, book.enrolments.housed)
        shown = replace(to_enrol, journeys=to_enrol.journeys.within_lookback())
        yield Batch(owed, shown, enrolment, to_order.start_ms)


def _numbered(journeys: Journeys, owner: Ints, housed: Bools) -> Ints:
    """Return (n,) the row of what ended each journey, -1 where it stayed open.

    Rows are sorted by household and time, so are journeys within a household.
    """
    count = int(housed.sum())
    first = np.searchsorted(owner[:count], journeys.unit)
    starts = np.ones(journeys.n, bool)
    starts[1:] = journeys.unit[1:] != journeys.unit[:-1]
    begin = np.flatnonzero(starts)
    nth = np.arange(journeys.n) - np.repeat(begin, np.diff(np.append(begin, journeys.n)))
    return np.where(journeys.converted, first + nth, -1)


def owed_parts(batch: Batch, orders: Orders, persistence: float, displacement: float) -> Owed:
    """Return the machine-placed orders of this batch's enrolments, each with its enrolment's journey."""
    of_row = np.full(int(orders.enrolment.max(initial=-1)) + 2, -1, np.int64)
    won = np.flatnonzero(batch.enrolment >= 0)
    inside = won[batch.enrolment[won] < len(of_row) - 1]
    of_row[batch.enrolment[inside]] = inside
    journey = of_row[orders.enrolment]
    order = np.flatnonzero((orders.enrolment >= 0) & (journey >= 0))
    journey = journey[order]
    micros = orders.micros[order]
    owed = (1.0 - displacement) * persistence ** np.maximum(orders.cycle[order] - 1, 0)
    taken = batch.enrolments.journeys.take(journey)
    return Owed(
        replace(taken, value=micros / 1e6),
        order,
        micros,
        np.rint(micros * owed).astype(np.int64),
        orders.time_ms[order],
        batch.enrolments.end_ms[journey],
    )


def concatenated(parts: list[Journeys]) -> Journeys:
    """Return the journeys of all parts as one."""
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([p.lengths for p in parts])

    def joined(name: str) -> Any:
        return np.concatenate([getattr(p, name) for p in parts])

    plain = ("unit", "converted", "value", "span_h", "stratum", "channel", "gap_h", "place")
    return replace(
        parts[0],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        strata_h=sparse.vstack([p.strata_h for p in parts], format="csr"),
        expired=sparse.vstack([p.expired for p in parts], format="csr"),
        **{name: joined(name) for name in plain},
    )
