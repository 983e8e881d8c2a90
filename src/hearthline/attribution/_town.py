"""All kinds of order of some homes, ready to be credited again and again under other weights of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse

from hearthline.attribution._model import Model, Relearning
from hearthline.attribution._proportional import Design, Proportional
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Floats, Ints, Journeys

__all__ = ["Part", "Roll", "Scales", "Town"]

Refit = Callable[[Floats], Any]
"""From (rows, b) weights to b fits, in whatever form the model's crediting takes them."""

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

    def beside(self, others: "Sequence[Scales]") -> "Scales":
        """Return these with those of further journeys behind them."""
        every = (self, *others)
        kept, age_h = (np.concatenate([getattr(s, name) for s in every]) for name in ("kept", "age_h"))
        return replace(self, kept=kept, age_h=age_h)


@dataclass(frozen=True, slots=True)
class Roll:
    """Which row of the weights each journey's unit is.

    Attributes:
        units: (rows,) keys; ascending, or else all journeys have their rows in `index`.
        draw: (rows,) in which draw of who is who alone a row counts, -1: in all.
        index: rows of journeys, by the journeys' `id`.
        draws: how many draws there are; replicate b has draw b modulo that.
    """

    units: Ints
    draw: Ints | None = None
    index: dict[int, Ints] = field(default_factory=dict)
    draws: int = 1

    def rows(self, journeys: Journeys) -> Ints:
        """Return (n,) the row of each journey."""
        known = self.index.get(id(journeys))
        found: Ints = np.searchsorted(self.units, journeys.unit) if known is None else known
        return found


class Town:
    """All parts under weights of their units; `usual` are the parts that the parameters were fitted to."""

    def __init__(
        self, model: Model, parts: Mapping[str, Part], roll: Roll, usual: Mapping[str, Part] | None = None
    ) -> None:
        self.fit_of = {kind: id(part.fit) for kind, part in parts.items()}
        self.refits = {
            id(part.fit): _refit(model, part, roll, usual[kind].fit if usual else None)
            for kind, part in parts.items()
        }
        self.earns = {kind: _earn(model, part, roll) for kind, part in parts.items()}
        self.values = {kind: _value(part.credit, roll) for kind, part in parts.items()}
        self.others = {kind: part.other for kind, part in parts.items()}

    def amounts(self, weights: Floats, which: Ints | None = None) -> dict[str, Floats]:
        """Return (channels + 2, b) amounts by kind: the channels, the baseline, all value.

        Args:
            weights: (rows, b) of the units.
            which: (b,) numbers of the replicates; None where nothing but the weights is another.
        """
        fits = {key: refit(weights) for key, refit in self.refits.items()}
        found = {}
        for kind, earn in self.earns.items():
            earned = earn(weights, fits[self.fit_of[kind]], which)
            whole = self.values[kind] @ weights + self.others[kind]
            found[kind] = np.vstack([earned, whole - earned.sum(axis=0), whole])
        found["all"] = np.sum(list(found.values()), axis=0)
        return found


def _value(journeys: Journeys, roll: Roll) -> Floats:
    worth = np.where(journeys.converted, journeys.value, 0.0)
    return sums_by(roll.rows(journeys), worth, len(roll.units))


def _refit(model: Model, part: Part, roll: Roll, usual: Journeys | None) -> Refit:
    if model.rule:
        return lambda weights: None  # noqa: ARG005
    index = roll.rows(part.fit)
    if isinstance(model, Proportional):
        again = model.resampler(part.fit, index, part.parameters, usual)
        point = model.strength(part.parameters)[:, None]
        return lambda weights: point if usual is None and _unweighted(weights) else again(weights)
    if isinstance(model, Relearning):
        near, learned = model.refits, part.parameters
        return lambda weights: [learned] if _unweighted(weights) else near(part.fit, weights[index], learned)
    return lambda weights: [
        model.solve(model.gather(part.fit, weights[index, b])) for b in range(weights.shape[1])
    ]


def _unweighted(weights: Floats) -> bool:
    return weights.shape[1] == 1 and bool((weights == 1.0).all())


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


def _earn(model: Model, part: Part, roll: Roll) -> Earn:
    won = part.credit.converted
    journeys, whole = part.credit.take(np.flatnonzero(won)), np.broadcast_to(part.scale, part.credit.n)
    scales = None if part.scales is None else part.scales.take(np.flatnonzero(won))
    money = _Money(journeys.value, whole[won], roll.rows(part.credit)[won], scales)
    if model.rule:
        return _by_rule(model.credit(journeys, None), journeys, money, len(roll.units))
    if isinstance(model, Proportional):
        return _in_proportion(model.design_at(journeys, part.parameters), journeys, money)

    def earn(weights: Floats, fits: Any, which: Ints | None) -> Floats:
        worth, column = money.under(weights, which), []
        for b, fit in enumerate(fits):
            earned = model.credit(journeys, fit) * worth[journeys.row, b]
            column.append(sums_by(journeys.channel, earned, journeys.channels))
        return np.stack(column, axis=1)

    return earn


def _by_rule(share: Floats, journeys: Journeys, money: _Money, rows: int) -> Earn:
    row = journeys.row
    place = (journeys.channel, money.owner[row])
    worth = (money.value * money.scale)[row]
    fixed = sparse.csr_array((share * worth, place), shape=(journeys.channels, rows))
    if money.scales is None:
        return lambda weights, fits, which: product(fixed, weights)  # noqa: ARG005
    each = sparse.csr_array((share, (journeys.channel, row)), shape=(journeys.channels, journeys.n))

    def earn(weights: Floats, fits: Any, which: Ints | None) -> Floats:  # noqa: ARG001
        return product(fixed, weights) if which is None else product(each, money.under(weights, which))

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
