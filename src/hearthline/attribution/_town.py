"""All kinds of order of some homes, ready to be credited again and again under other weights of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from hearthline.attribution._model import Model, Relearning
from hearthline.attribution._proportional import Design, Proportional
from hearthline.attribution._sums import product, sums_by
from hearthline.attribution._told import Relearner, Resampling, Solver, together
from hearthline.schema.journey import Floats, Ints, Journeys

__all__ = ["Drawn", "Group", "Part", "Scales", "Town", "told_by"]

Earn = Callable[[Floats, Any, Ints | None], Floats]
"""From (rows, b) weights, b fits and the replicates' numbers to (channels, b) amounts."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of order: what its fit learns from, and what is credited with that fit.

    Attributes:
        fit: journeys that the model is fitted to (enrolments, for machine-placed orders).
        credit: journeys whose value is shared out; their touches may be those of the enrolment.
        scale: part of each journey's value that the touches may earn, one number or (n,) of `credit`;
            the rest counts as baseline.
        other: value of such orders without any journey; counts as baseline in every replicate.
        parameters: the fitted parameters, where they are known already.
        beside: the kind whose fit this one's may lean on.
        scales: what takes the place of `scale` in each replicate, where that is drawn too.
    """

    fit: Journeys
    credit: Journeys
    scale: Floats | float = 1.0
    other: float = 0.0
    parameters: Any = None
    beside: str | None = None
    scales: "Scales | None" = None


@dataclass(frozen=True, slots=True)
class Scales:
    """Which part of n journeys' value touches may earn, in each replicate.

    That is `kept * (1 - gone) * exp(-rate * age_h)`.

    Attributes:
        kept: (n,) the part that no estimate moves.
        age_h: (n,) hours from the enrolment to the order; 0 for orders by hand.
        gone: (draws,) part displaced, or brought forward; replicate b has draw b modulo their number.
        rate: (draws,) how fast less is owed, an hour.
    """

    kept: Floats
    age_h: Floats
    gone: Floats
    rate: Floats

    def take(self, rows: Ints) -> "Scales":
        """Return those of some journeys."""
        return replace(self, kept=self.kept[rows], age_h=self.age_h[rows])

    def under(self, which: Ints) -> Floats:
        """Return (n, b) parts in the replicates with these numbers."""
        gone, rate = (drawn[which % len(drawn)] for drawn in (self.gone, self.rate))
        return self.kept[:, None] * (1.0 - gone) * np.exp(-self.age_h[:, None] * rate)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Homes that hang on doubtful links, as each draw of the links has them.

    Attributes:
        units: keys of those homes where every link holds, ascending.
        draws: of each draw their journeys, by kind of order; kinds that they have none of may be left out.
        home: (units,) keys of what is in the same draw together: the household, where units are persons.
            Without it each unit is by itself.
    """

    units: Ints
    draws: tuple[Mapping[str, Part], ...]
    home: Ints | None = None

    def together(self, units: Ints) -> Ints:
        """Return the keys by which units are drawn."""
        if self.home is None or not len(self.units):
            return units
        at = np.minimum(np.searchsorted(self.units, units), len(self.units) - 1)
        return np.where(self.units[at] == units, self.home[at], units)


class Group:
    """Some homes of a town: what they tell the fits, and what their touches earn.

    Attributes:
        units: (rows,) keys, ascending; row i of weights is unit i's.
        tells: by kind that a fit is known by, what they tell it.
    """

    def __init__(
        self,
        model: Model,
        parts: Mapping[str, Part],
        known: Mapping[str, Any],
        ways: Mapping[str, Resampling],
        fit_of: Mapping[str, str],
    ) -> None:
        every = [u for p in parts.values() for u in (p.fit.unit, p.credit.unit)]
        self.units = np.unique(np.concatenate([np.zeros(0, np.int64), *every]))
        rows = {id(j): np.searchsorted(self.units, j.unit) for p in parts.values() for j in (p.fit, p.credit)}
        learned = {fit_of[kind]: part.fit for kind, part in parts.items() if fit_of[kind] in ways}
        self.tells = {fit: ways[fit].tells(j, rows[id(j)]) for fit, j in learned.items()}
        self.earns = {
            kind: _earn(model, replace(part, parameters=known[kind]), rows[id(part.credit)])
            for kind, part in parts.items()
        }
        self.values = {
            kind: _value(part.credit, rows[id(part.credit)], len(self.units)) for kind, part in parts.items()
        }


class Town:
    """All homes in groups, credited again and again under other weights of the homes.

    Attributes:
        groups: the homes that the model was fitted to.
    """

    def __init__(self, model: Model, parts: Mapping[str, Part], groups: Sequence[Mapping[str, Part]]) -> None:
        first: dict[int, str] = {}
        self.model = model
        self.fit_of = {kind: first.setdefault(id(part.fit), kind) for kind, part in parts.items()}
        self.known = {kind: part.parameters for kind, part in parts.items()}
        self.ways = {kind: _way(model, self.known[kind]) for kind in first.values()} if not model.rule else {}
        self.others = {kind: part.other for kind, part in parts.items()}
        self.groups = [self.group(some) for some in groups]
        self.refits = {
            kind: way.refit([group.tells[kind] for group in self.groups]) for kind, way in self.ways.items()
        }

    def group(self, parts: Mapping[str, Part]) -> Group:
        """Return homes that may stand in the place of others."""
        return Group(self.model, parts, self.known, self.ways, self.fit_of)

    def as_fitted(self) -> dict[str, Floats]:
        """Return (channels + 2, 1) amounts by kind; see `amounts`."""
        fits = {kind: way.as_fitted() for kind, way in self.ways.items()}
        return self.amounts([(group, np.ones((len(group.units), 1))) for group in self.groups], fits, None)

    def fits(self, told: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the fits of blocks of replicates, from what all groups told in each."""
        found: list[dict[str, Any]] = [{} for _ in told]
        for kind, refit in self.refits.items():
            for fits, block in zip(found, refit([t[kind] for t in told]), strict=True):
                fits[kind] = block
        return found

    def amounts(
        self, homes: Sequence[tuple[Group, Floats]], fits: Mapping[str, Any], which: Ints | None
    ) -> dict[str, Floats]:
        """Return (channels + 2, b) amounts by kind: the channels, the baseline, all value.

        Args:
            homes: the groups that there are, each with its (rows, b) weights.
            fits: of these replicates.
            which: (b,) their numbers; None where nothing but the weights is another.
        """
        found = {}
        for kind, fit in self.fit_of.items():
            some = [(group, weights) for group, weights in homes if kind in group.earns]
            earned = np.sum([g.earns[kind](w, fits.get(fit), which) for g, w in some], axis=0)
            whole = np.sum([g.values[kind] @ w for g, w in some], axis=0) + self.others[kind]
            found[kind] = np.vstack([earned, whole - earned.sum(axis=0), whole])
        found["all"] = np.sum(list(found.values()), axis=0)
        return found


def told_by(homes: Sequence[tuple[Group, Floats]]) -> dict[str, Any]:
    """Return what groups under weights tell each fit together."""
    kinds = dict.fromkeys(kind for group, _ in homes for kind in group.tells)
    return {
        kind: together([g.tells[kind](weights) for g, weights in homes if kind in g.tells]) for kind in kinds
    }


def _way(model: Model, point: Any) -> Resampling:
    if isinstance(model, Proportional):
        return model.resampling(point)
    return Relearner(model, point) if isinstance(model, Relearning) else Solver(model, point)


def _value(journeys: Journeys, rows: Ints, size: int) -> Floats:
    return sums_by(rows, np.where(journeys.converted, journeys.value, 0.0), size)


@dataclass(frozen=True, slots=True)
class _Money:
    """What the touches of n converted journeys may earn; `owner` is each one's row of the weights."""

    value: Floats
    scale: Floats
    owner: Ints
    scales: Scales | None

    def under(self, weights: Floats, which: Ints | None) -> Floats:
        """Return (n, b) weighted money of each journey."""
        if self.scales is None or which is None:
            return (self.value * self.scale)[:, None] * weights[self.owner]
        return self.value[:, None] * self.scales.under(which) * weights[self.owner]


def _earn(model: Model, part: Part, rows: Ints) -> Earn:
    won = part.credit.converted
    journeys, whole = part.credit.take(np.flatnonzero(won)), np.broadcast_to(part.scale, part.credit.n)
    scales = None if part.scales is None else part.scales.take(np.flatnonzero(won))
    money = _Money(journeys.value, whole[won], rows[won], scales)
    if model.rule:
        return _by_rule(model.credit(journeys, None), journeys, money)
    if isinstance(model, Proportional):
        return _in_proportion(model.design_at(journeys, part.parameters), journeys, money)

    def earn(weights: Floats, fits: Any, which: Ints | None) -> Floats:
        worth, column = money.under(weights, which), []
        for b, fit in enumerate(fits):
            earned = model.credit(journeys, fit) * worth[journeys.row, b]
            column.append(sums_by(journeys.channel, earned, journeys.channels))
        return np.stack(column, axis=1)

    return earn


def _by_rule(share: Floats, journeys: Journeys, money: _Money) -> Earn:
    row = journeys.row
    place = (journeys.channel, money.owner[row])
    worth = (money.value * money.scale)[row]
    rows = int(money.owner.max(initial=-1)) + 1
    fixed = sparse.csr_array((share * worth, place), shape=(journeys.channels, rows))
    if money.scales is None:
        return lambda weights, fits, which: product(fixed, weights[:rows])  # noqa: ARG005
    each = sparse.csr_array((share, (journeys.channel, row)), shape=(journeys.channels, journeys.n))

    def earn(weights: Floats, fits: Any, which: Ints | None) -> Floats:  # noqa: ARG001
        return product(fixed, weights[:rows]) if which is None else product(each, money.under(weights, which))

    return earn


def _in_proportion(design: Design, journeys: Journeys, money: _Money) -> Earn:
    of_journey = sparse.csr_array(
        (np.ones(len(journeys.row)), np.arange(len(journeys.row)), journeys.offsets),
        shape=(journeys.n, len(journeys.row)),
    )
    load = sparse.csr_array(of_journey @ design.touch)
    whole = sparse.csr_array(load + design.base)
    owned = design.channel >= 0
    features = np.flatnonzero(owned)
    gather = sparse.csr_array(
        (np.ones(len(features)), (design.channel[features], features)),
        shape=(journeys.channels, len(design.channel)),
    )

    def earn(weights: Floats, strength: Floats, which: Ints | None) -> Floats:
        size = product(whole, np.abs(strength))
        worth = money.under(weights, which)
        rate = np.divide(worth, size, out=np.zeros_like(worth), where=size > 0.0)
        return product(gather, np.maximum(strength, 0.0) * product(load.T, rate))

    return earn
