"""Which part of an order touches can have caused at all: what came instead of another order is no gain.

Of a machine-placed order a part would have come by hand (displacement). The longer ago the enrolment, the
likelier the home would have enrolled by itself since, and the less is owed to it (persistence). An order by
hand that a touch caused leaves the next one less needed (brought forward). All three are read from the data
where the settings do not say.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from hearthline.attribution import Estimate, Scales, Spells, by_itself_an_hour, displaced_part
from hearthline.journeys import Recency, by_recency, lost_later
from hearthline.pipeline.core import Core
from hearthline.pipeline.credit.batches import Owed, View, owed_parts
from hearthline.pipeline.credit.orders import Book, Enrolments, Orders
from hearthline.schema.journey import Bools, Floats, Ints
from hearthline.schema.settings import AttributionSettings

__all__ = ["Owing", "owing_of"]

_WEEK_MS = 7 * 86_400_000
_HOUR_MS = 3_600_000.0
_MOMENT_MS = 60_000
_LEAST_ORDERS = 100
_KINDS = {"subscription": "subscription", "machine": "replenishment"}
"""Kinds of order and the kind of enrolment that they come from."""
_DRAWS, _ENDS = 400, (0.05, 0.95)
_SHOWN_H = 90 * 24.0
Baseline = tuple[Floats, Floats]
"""(strata,) conversions that came by themselves, and hours watched."""


@dataclass(frozen=True, slots=True)
class Owing:
    """What is not owed to touches.

    Attributes:
        displacement: by kind of order; `subscription` and `machine`.
        brought_forward: of an order by hand.
        persistence: what is still owed with each further order of an enrolment, where the settings say.
        by_itself: enrolments an hour that come by themselves, for each home without one; 0 where the settings
            say how long orders are owed.
        estimated: which of them were read from the data, as (name, kind).
    """

    displacement: dict[str, Estimate]
    brought_forward: Estimate
    persistence: float
    by_itself: Estimate
    estimated: frozenset[tuple[str, str]]

    def automated(self, kind: str, orders: Orders, enrolments: Enrolments) -> Floats:
        """Return the part of each order that is owed to its enrolment."""
        kept, age_h = self._kept(orders, enrolments)
        still = kept * np.exp(-self.by_itself.value * age_h)
        return np.asarray((1.0 - self.displacement[kind].value) * still, np.float64)

    def _kept(self, orders: Orders, enrolments: Enrolments) -> tuple[Floats, Floats]:
        """Return what the settings keep of each order, and its hours since the enrolment."""
        since = orders.time_ms - np.append(enrolments.time_ms, 0)[orders.enrolment]
        age_h = np.maximum(np.where(orders.enrolment >= 0, since, 0), 0) / _HOUR_MS
        return self.persistence ** np.maximum(orders.cycle - 1, 0), age_h

    def scales(
        self, kind: str, order: Ints, book: Book, *, reaching: bool, wide: float = 1.0
    ) -> Scales | None:
        """Return what replicates draw of it for some orders, rows of their kind; None where nothing is.

        Args:
            kind: the kind of order.
            order: (n,) the orders' rows, -1 for a journey without one.
            book: the orders that the rows are of.
            reaching: whether the model knows what was brought forward.
            wide: how many times as far draws are from the estimate, where fewer homes are resampled.
        """
        none, ones = np.zeros(1), np.ones(len(order))
        if kind == "person":
            forward = self.brought_forward
            if not reaching or not len(forward.draws):
                return None
            return Scales(ones, 0.0 * ones, forward.drawn(wide), none)
        gone = self.displacement[kind]
        if not len(gone.draws) and not len(self.by_itself.draws):
            return None
        kept, age_h = (part[order] for part in self._kept(book.kinds()[kind], book.enrolments))
        return Scales(kept, age_h, gone.drawn(wide), self.by_itself.drawn(wide, np.inf))

    def owed(self, view: View, book: Book, *, reaching: bool) -> dict[str, Owed]:
        """Return the journeys to be credited, by kind of order; processes know what was brought forward."""
        gone, person = self.brought_forward.value, view.orders
        if reaching and gone:
            part = np.where(
                person.journeys.lengths > 0, 1.0 - gone, 1.0
            )  # without a touch nothing was caused
            person = replace(person, payable=np.rint(person.payable * part).astype(np.int64))
        owed = {"person": person}
        for kind in _KINDS:
            orders = book.kinds()[kind]
            if orders.n:
                owed[kind] = owed_parts(view, orders, self.automated(kind, orders, book.enrolments))
        return owed

    def table(self) -> pa.Table:
        """Return the table `owing` of the answer."""
        what, still = "persistence", _said(self.persistence)
        if ("owed after 90 days", "machine") in self.estimated:
            low, value, high = (float(np.exp(-rate * _SHOWN_H)) for rate in self._rates())
            what, still = "owed after 90 days", Estimate(value, low, high, 0)
        rows = [
            *(("displacement", kind, found) for kind, found in self.displacement.items()),
            ("brought forward", "person", self.brought_forward),
            *((what, kind, still) for kind in _KINDS),
        ]
        return pa.table(
            {
                "what": pa.array([what for what, _, _ in rows], pa.string()),
                "kind": pa.array([kind for _, kind, _ in rows], pa.string()),
                "value": pa.array([f.value for _, _, f in rows], pa.float64()),
                "low": pa.array([f.low for _, _, f in rows], pa.float64()),
                "high": pa.array([f.high for _, _, f in rows], pa.float64()),
                "homes": pa.array([f.homes for _, _, f in rows], pa.int64()),
                "estimated": pa.array([(what, kind) in self.estimated for what, kind, _ in rows], pa.bool_()),
            }
        )

    def _rates(self) -> tuple[float, float, float]:
        """Return enrolments an hour that come by themselves, the largest first."""
        return self.by_itself.high, self.by_itself.value, self.by_itself.low


def owing_of(core: Core, book: Book, orders: Baseline | None, enrolments: Baseline | None) -> Owing:
    """Return what is not owed to touches, by the settings or as estimated.

    Args:
        core: the relational core.
        book: all orders.
        orders: how orders come by themselves, of a model fitted to them.
        enrolments: how enrolments do.
    """
    chosen = core.settings.attribution
    displacement, estimated = {}, set()
    by_kind = _displaced(core, book, chosen) if chosen.displacement == "estimated" else {}
    for kind in _KINDS:
        found = by_kind.get(kind)
        if found is not None:
            estimated.add(("displacement", kind))
        displacement[kind] = found or _said(chosen.displacement)
    forward = None
    if chosen.brought_forward == "estimated" and orders is not None:
        recency = by_recency(core.layout, *orders)
        if float(recency.orders.sum()) >= _LEAST_ORDERS:
            forward = _forward(recency, chosen.seed)
            estimated.add(("brought forward", "person"))
    by_itself = None
    enough = int(book.enrolments.housed.sum()) >= chosen.min_homes
    if chosen.persistence == "estimated" and enrolments is not None and enough:
        by_itself = by_itself_an_hour(*enrolments, chosen.seed)
        estimated |= {("owed after 90 days", kind) for kind in _KINDS}
    return Owing(
        displacement,
        forward or _said(chosen.brought_forward),
        chosen.persistence if isinstance(chosen.persistence, float | int) else 1.0,
        by_itself or _said(0.0),
        frozenset(estimated),
    )


def _said(value: float | str) -> Estimate:
    """Return a setting as what it says; nothing where it was to be estimated and could not be."""
    part = value if isinstance(value, float | int) else 0.0
    return Estimate(float(part), float(part), float(part), 0)


def _forward(recency: Recency, seed: int) -> Estimate:
    """Return which part of an order that is caused is missing later, with the interval of chance."""
    dice = np.random.default_rng(seed)
    drawn = [
        lost_later(Recency(dice.gamma(recency.orders + 0.5), recency.hours, recency.edges_h))
        for _ in range(_DRAWS)
    ]
    low, high = np.quantile(drawn, _ENDS)
    point = lost_later(recency)
    return Estimate(point, min(float(low), point), max(float(high), point), 0, np.array(drawn))


def _displaced(core: Core, book: Book, chosen: AttributionSettings) -> dict[str, Estimate]:
    """Return estimates by kind of order; of both kinds together where one has too few homes."""
    kinds = np.array(book.enrolments.kind.to_pylist(), dtype=object)
    all_ = np.ones(len(kinds), np.bool_)
    found, whole = {}, _estimate(core, book, all_, chosen)
    for kind, of in _KINDS.items():
        own = _estimate(core, book, kinds == of, chosen)
        best = own if own is not None and own.homes >= 3 * chosen.min_homes else whole
        if best is not None and best.homes >= chosen.min_homes:
            found[kind] = best
    return found


def _estimate(core: Core, book: Book, wanted: Bools, chosen: AttributionSettings) -> Estimate | None:
    spells = _spells(core, book, wanted)
    return None if spells is None else displaced_part(spells, max(chosen.replicates, 100), chosen.seed)


def _spells(core: Core, book: Book, wanted: Bools) -> Spells | None:
    """Return the households' first enrolments of some kinds: orders by hand before and during.

    The week before it is left out: what makes a home enrol may make it buy. So is the order that began it.
    """
    enrolments, person = book.enrolments, book.person
    chosen = np.flatnonzero(enrolments.housed & wanted)
    if not len(chosen):
        return None
    unit, first = np.unique(enrolments.unit[chosen], return_index=True)
    begin = enrolments.time_ms[chosen][first]
    end = np.minimum(enrolments.ended_ms[chosen][first], core.layout.last_ms)
    since = _since(core, unit)
    season = _Season.of(book, core.layout.first_ms, core.layout.last_ms)
    hand, at = person.time_ms[person.housed], person.unit[person.housed]
    row = np.minimum(np.searchsorted(unit, at), len(unit) - 1)
    mine, quiet = unit[row] == at, begin - _WEEK_MS
    before = mine & (hand > since[row]) & (hand < quiet[row])
    during = mine & (hand > begin[row] + _MOMENT_MS) & (hand <= end[row])
    size = len(unit)
    return Spells(
        unit=unit,
        before=np.bincount(row[before], minlength=size).astype(np.float64),
        during=np.bincount(row[during], minlength=size).astype(np.float64),
        before_h=season.hours(since, np.maximum(quiet, since)),
        during_h=season.hours(begin, np.maximum(end, begin)),
        automated=_automated(book, unit, end, wanted),
        by_hand=float(person.micros.sum()) / 1e6 / max(person.n, 1),
    )


def _since(core: Core, unit: Ints) -> Ints:
    """Return (u,) when each of some enrolled households was first seen, milliseconds."""
    seen = core.engine.table(
        "SELECT unit, marks FROM timelines WHERE unit IN (SELECT unit FROM homed_enrolments) ORDER BY unit"
    )
    lists = seen["marks"].combine_chunks()
    first = lists.flatten().to_numpy()[lists.offsets.to_numpy()[:-1]] >> 20
    return np.asarray(first[np.searchsorted(seen["unit"].to_numpy(), unit)], np.int64)


def _automated(book: Book, unit: Ints, end: Ints, wanted: Bools) -> Floats:
    """Return (u,) money of the orders that the enrolments brought until then."""
    money = np.zeros(len(unit))
    for orders in (book.subscription, book.machine):
        known = orders.enrolment >= 0
        enrolment = orders.enrolment[known]
        owner = book.enrolments.unit[enrolment]
        row = np.minimum(np.searchsorted(unit, owner), len(unit) - 1)
        ours = (unit[row] == owner) & book.enrolments.housed[enrolment] & wanted[enrolment]
        ours &= orders.time_ms[known] <= end[row]
        money += np.bincount(row[ours], orders.micros[known][ours] / 1e6, len(unit))
    return money


@dataclass(frozen=True, slots=True)
class _Season:
    """How many orders by hand fell into each week, beside the mean week: hours count as much."""

    first_ms: int
    running_h: Floats

    @classmethod
    def of(cls, book: Book, first_ms: int, last_ms: int) -> "_Season":
        """Return the weeks' weights, from orders of all households."""
        weeks = max(int((last_ms - first_ms) // _WEEK_MS), 1)
        week = np.minimum((book.person.time_ms - first_ms) // _WEEK_MS, weeks - 1)
        count = np.bincount(np.maximum(week, 0), minlength=weeks) + 1.0
        hours = count / count.mean() * (_WEEK_MS / _HOUR_MS)
        return cls(first_ms, np.concatenate([[0.0], np.cumsum(hours)]))

    def hours(self, begin: Ints, end: Ints) -> Floats:
        """Return the weighted hours between two moments."""
        edges = np.arange(len(self.running_h), dtype=np.float64)
        weeks = [(moment - self.first_ms) / _WEEK_MS for moment in (begin, end)]
        inside = [np.interp(week, edges, self.running_h) for week in weeks]
        beyond = [np.maximum(week - edges[-1], 0.0) for week in weeks]  # the rest of the last week
        last_week = self.running_h[-1] - self.running_h[-2]
        return np.asarray(inside[1] - inside[0] + (beyond[1] - beyond[0]) * last_week, np.float64)
