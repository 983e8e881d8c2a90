"""The household bootstrap: every channel's credit with its interval, over all kinds of order at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from hearthline.attribution._model import Model, Relearning
from hearthline.attribution._proportional import Design, Proportional
from hearthline.attribution._sums import product, sums_by
from hearthline.attribution._weights import chosen, replicate_weights
from hearthline.schema.journey import Floats, Ints, Journeys

__all__ = ["Band", "Part", "intervals"]

LEVEL = 0.9
MOST_UNITS = 200_000
_BLOCK = 20


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
    """

    fit: Journeys
    credit: Journeys
    scale: Floats | float = 1.0
    other: float = 0.0
    parameters: Any = None
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """Credit by channel with its 90 % interval; the last entry, number `channels`, is the baseline.

    Attributes:
        amount: (channels + 1,) credited value in the journeys' currency.
        low: (channels + 1,) 5 % quantile of the replicates.
        high: (channels + 1,) 95 % quantile.
        share: (channels + 1,) amount over all value of the kind.
        share_low: (channels + 1,) its 5 % quantile.
        share_high: (channels + 1,) its 95 % quantile.
        homes: (channels + 1,) units whose credited conversions the channel touched; for the baseline,
            units with a conversion.
    """

    amount: Floats
    low: Floats
    high: Floats
    share: Floats
    share_low: Floats
    share_high: Floats
    homes: Ints


Refit = Callable[[Floats], Any]
"""From (units, b) weights to b fits, in whatever form the model's crediting takes them."""

Earn = Callable[[Floats, Any], Floats]
"""From (units, b) weights and b fits to (channels, b) amounts."""


def intervals(
    model: Model, parts: Mapping[str, Part], replicates: int = 200, seed: int = 1
) -> dict[str, Band]:
    """Return the bands of every kind of order, and of `all` kinds together.

    Each replicate weighs every unit by a Poisson(1) draw, the same in all parts; rules are recredited,
    fitted models refitted (the additive hazard on its likelihood's parabola) and recredited. Above
    200,000 units a hashed sample of that size is resampled and deviations are scaled to the whole.
    Intervals show how much chance in which households there are moves the credit; not whether the model
    is right.

    >>> from hearthline.attribution import load
    >>> from hearthline.schema.journey import journeys_of
    >>> j = journeys_of([(0,), (0, 1), (1,)] * 50)
    >>> band = intervals(load("linear"), {"person": Part(j, j)})["all"]
    >>> band.amount.tolist(), bool(band.low[0] < 75 < band.high[0]), band.homes.tolist()
    ([75.0, 75.0, 0.0], True, [100, 100, 150])
    """
    units = np.unique(np.concatenate([u for p in parts.values() for u in (p.fit.unit, p.credit.unit)]))
    known = _solved(model, parts)
    once = np.ones((len(units), 1))
    kept = chosen(units, MOST_UNITS, seed)
    town = _Town(model, known, units)
    point = town.amounts(once)
    if not kept.all():
        units, once = units[kept], once[kept]
        town = _Town(model, _solved(model, _sampled(parts, units, float(kept.mean()))), units)
    middle = town.amounts(once)
    blocks = [town.amounts(weights) for weights in _blocks(units, replicates, seed)]
    homes = {kind: _homes([part.credit]) for kind, part in parts.items()}
    homes["all"] = _homes([part.credit for part in parts.values()])
    found = {}
    for kind, centre in middle.items():
        draws = np.concatenate([block[kind] for block in blocks], axis=1)
        found[kind] = _band(point[kind][:, 0], draws, centre, float(kept.mean()), homes[kind])
    return found


def _blocks(units: Ints, replicates: int, seed: int) -> Iterator[Floats]:
    for first in range(0, replicates, _BLOCK):
        yield replicate_weights(units, min(_BLOCK, replicates - first), seed, first)


def _solved(model: Model, parts: Mapping[str, Part]) -> dict[str, Part]:
    """Return the parts with their parameters; parts that share their fit share these."""
    found: dict[int, Any] = {}
    for part in sorted(parts.values(), key=lambda p: p.beside is not None):
        if part.parameters is not None:
            found[id(part.fit)] = part.parameters
        elif id(part.fit) not in found:
            beside = parts.get(part.beside or "")
            other = None if beside is None else found.get(id(beside.fit))
            found[id(part.fit)] = model.solve_beside(model.gather(part.fit), other)
    return {kind: replace(part, parameters=found[id(part.fit)]) for kind, part in parts.items()}


def _sampled(parts: Mapping[str, Part], units: Ints, fraction: float) -> dict[str, Part]:
    """Return the parts with journeys of the given units only, and that fraction of the other value."""
    taken: dict[int, Journeys] = {}
    for journeys in [j for part in parts.values() for j in (part.fit, part.credit)]:
        if id(journeys) not in taken:
            taken[id(journeys)] = journeys.take(np.flatnonzero(np.isin(journeys.unit, units)))
    return {
        kind: Part(
            fit=taken[id(part.fit)],
            credit=taken[id(part.credit)],
            scale=np.broadcast_to(part.scale, part.credit.n)[np.isin(part.credit.unit, units)],
            other=part.other * fraction,
            beside=part.beside,
        )
        for kind, part in parts.items()
    }


class _Town:
    """All parts, ready to be credited again and again under other weights of the same units."""

    def __init__(self, model: Model, parts: Mapping[str, Part], units: Ints) -> None:
        self.fit_of = {kind: id(part.fit) for kind, part in parts.items()}
        self.refits = {id(part.fit): _refit(model, part, units) for part in parts.values()}
        self.earns = {kind: _earn(model, part, units) for kind, part in parts.items()}
        self.values = {kind: _value(part.credit, units) for kind, part in parts.items()}
        self.others = {kind: part.other for kind, part in parts.items()}

    def amounts(self, weights: Floats) -> dict[str, Floats]:
        """Return (channels + 2, b) amounts by kind: the channels, the baseline, all value."""
        fits = {key: refit(weights) for key, refit in self.refits.items()}
        found = {}
        for kind, earn in self.earns.items():
            earned = earn(weights, fits[self.fit_of[kind]])
            whole = self.values[kind] @ weights + self.others[kind]
            found[kind] = np.vstack([earned, whole - earned.sum(axis=0), whole])
        found["all"] = np.sum(list(found.values()), axis=0)
        return found


def _value(journeys: Journeys, units: Ints) -> Floats:
    owner = np.searchsorted(units, journeys.unit)
    return sums_by(owner, np.where(journeys.converted, journeys.value, 0.0), len(units))


def _money(part: Part) -> Floats:
    """Return (n,) the value of each journey that its touches may earn."""
    return np.where(part.credit.converted, part.credit.value, 0.0) * part.scale


def _refit(model: Model, part: Part, units: Ints) -> Refit:
    if model.rule:
        return lambda weights: None  # noqa: ARG005
    index = np.searchsorted(units, part.fit.unit)
    if isinstance(model, Proportional):
        again = model.resampler(part.fit, index, part.parameters)
        usual = model.strength(part.parameters)[:, None]
        return lambda weights: usual if _unweighted(weights) else again(weights)
    if isinstance(model, Relearning):
        near, point = model.refits, part.parameters
        return lambda weights: [point] if _unweighted(weights) else near(part.fit, weights[index], point)
    return lambda weights: [
        model.solve(model.gather(part.fit, weights[index, b])) for b in range(weights.shape[1])
    ]


def _unweighted(weights: Floats) -> bool:
    return weights.shape[1] == 1 and bool((weights == 1.0).all())


def _earn(model: Model, part: Part, units: Ints) -> Earn:
    journeys = part.credit.take(np.flatnonzero(part.credit.converted))
    money, owner = _money(part)[part.credit.converted], np.searchsorted(units, journeys.unit)
    if model.rule:
        share = model.credit(journeys, None) * money[journeys.row]
        place = (journeys.channel, owner[journeys.row])
        fixed = sparse.csr_array((share, place), shape=(journeys.channels, len(units)))
        return lambda weights, fits: product(fixed, weights)  # noqa: ARG005
    if isinstance(model, Proportional):
        return _in_proportion(model.design_at(journeys, part.parameters), journeys, money, owner)

    def earn(weights: Floats, fits: Any) -> Floats:
        column = []
        for b, fit in enumerate(fits):
            part = model.credit(journeys, fit) * (money * weights[owner, b])[journeys.row]
            column.append(sums_by(journeys.channel, part, journeys.channels))
        return np.stack(column, axis=1)

    return earn


def _in_proportion(design: Design, journeys: Journeys, money: Floats, owner: Ints) -> Earn:
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

    def earn(weights: Floats, strength: Floats) -> Floats:
        size = product(whole, np.abs(strength))
        worth = money[:, None] * weights[owner]
        rate = np.divide(worth, size, out=np.zeros_like(worth), where=size > 0.0)
        return product(gather, np.maximum(strength, 0.0) * product(load.T, rate))

    return earn


def _homes(parts: list[Journeys]) -> Ints:
    """Return (channels + 1,) units with a conversion that the channel touched; last, with any."""
    units = np.unique(np.concatenate([part.unit[part.converted] for part in parts]))
    row, column = [], []
    for part in parts:
        won = np.flatnonzero(np.repeat(part.converted, part.lengths))
        row.append(np.searchsorted(units, part.unit[part.row[won]]))
        column.append(part.channel[won])
    place = (np.concatenate(row), np.concatenate(column))
    touched = sparse.csr_array((np.ones(len(place[0])), place), shape=(len(units), parts[0].channels))
    homes = np.bincount(touched.indices, minlength=touched.shape[1])
    return np.append(homes, len(units)).astype(np.int64)


def _band(point: Floats, draws: Floats, middle: Floats, fraction: float, homes: Ints) -> Band:
    """Return the quantiles around the point; deviations of a sample are scaled to all units."""
    wide = np.sqrt(1.0 / fraction)
    low, high = (end * wide for end in _ends(draws[:-1] - middle[:-1]))
    share = _over(point[:-1], point[-1:])
    moved = _over(draws[:-1], draws[-1:]) - _over(middle[:-1], middle[-1:])
    share_low, share_high = (end / wide for end in _ends(moved))
    return Band(
        amount=point[:-1],
        low=point[:-1] + np.minimum(low, 0.0),
        high=point[:-1] + np.maximum(high, 0.0),
        share=share,
        share_low=share + np.minimum(share_low, 0.0),
        share_high=share + np.maximum(share_high, 0.0),
        homes=homes,
    )


def _ends(draws: Floats) -> tuple[Floats, Floats]:
    """Return the (n,) two ends of (n, b) draws between which the next one falls in 90 % of cases.

    Hence Weibull's plotting positions: between numpy's usual quantiles of 100 draws it is 88 %.
    """
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail], axis=1, method="weibull")
    return low, high


def _over(amount: Floats, whole: Floats) -> Floats:
    return np.divide(amount, whole, out=np.zeros_like(amount), where=whole != 0.0)
