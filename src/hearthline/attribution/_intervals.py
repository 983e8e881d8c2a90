"""The household bootstrap: every channel's credit with its interval, over all kinds of order at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from hearthline.attribution._drawn import Drawn, drawn_towns
from hearthline.attribution._model import Model
from hearthline.attribution._town import Part, Roll, Town
from hearthline.attribution._weights import chosen, replicate_weights
from hearthline.schema.journey import Floats, Ints, Journeys

__all__ = ["Band", "intervals"]

LEVEL = 0.9
MOST_UNITS = 200_000
_BLOCK = 20
_ENDS = ((np.minimum, ("low", "share_low")), (np.maximum, ("high", "share_high")))


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


def intervals(
    model: Model,
    parts: Mapping[str, Part],
    replicates: int = 200,
    seed: int = 1,
    drawn: Drawn | None = None,
) -> dict[str, Band]:
    """Return the bands of every kind of order, and of `all` kinds together.

    Each replicate weighs every unit by a Poisson(1) draw, the same in all parts; rules are recredited,
    fitted models refitted (the additive hazard on its likelihood's parabola) and recredited. Above
    200,000 units a hashed sample of that size is resampled and deviations are scaled to the whole.
    With `Part.scales` a replicate also takes a draw of what is owed at all. With `drawn` all replicates come
    a second time, each with one of the draws of who is who; of both the wider end counts, on either side.
    The amounts do not move by any of this.
    Intervals show how much chance in which households there are, and doubt about who they are, move the
    credit; not whether the model is right.

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
    town = Town(model, known, Roll(units))
    point = town.amounts(once)
    if not kept.all():
        units, once = units[kept], once[kept]
        known = _solved(model, _sampled(parts, units, float(kept.mean())))
        town = Town(model, known, Roll(units))
    middle = town.amounts(once)
    homes = {kind: _homes([part.credit]) for kind, part in parts.items()}
    homes["all"] = _homes([part.credit for part in parts.values()])

    def bands(towns: Iterable[tuple[Town, Roll, Ints]]) -> dict[str, Band]:
        found, fraction = _replicated(towns, seed), float(kept.mean())
        return {
            kind: _band(point[kind][:, 0], draws, middle[kind], fraction, homes[kind])
            for kind, draws in found.items()
        }

    plain = bands([(town, Roll(units), np.arange(replicates))])
    if drawn is None:
        return plain
    torn = bands(drawn_towns(model, known, drawn, replicates))
    return {kind: _wider(band, torn[kind]) for kind, band in plain.items()}


def _replicated(towns: Iterable[tuple[Town, Roll, Ints]], seed: int) -> dict[str, Floats]:
    """Return (channels + 2, replicates) amounts by kind, over towns that have some replicates each."""
    blocks = [
        town.amounts(weights, which)
        for town, roll, numbers in towns
        for weights, which in _blocks(roll, numbers, seed)
    ]
    return {kind: np.concatenate([block[kind] for block in blocks], axis=1) for kind in blocks[0]}


def _wider(band: Band, other: Band) -> Band:
    """Return the band with the wider end on either side: doubt about who is who makes nothing surer."""
    low, high = ({end: pick(getattr(band, end), getattr(other, end)) for end in ends} for pick, ends in _ENDS)
    return replace(band, **low, **high)


def _blocks(roll: Roll, numbers: Ints, seed: int) -> Iterator[tuple[Floats, Ints]]:
    """Yield the weights of some replicates after the other, with their numbers."""
    for first in range(0, len(numbers), _BLOCK):
        which = numbers[first : first + _BLOCK]
        if which[-1] - which[0] < len(which):
            weights = replicate_weights(roll.units, len(which), seed, int(which[0]))
        else:
            weights = np.hstack([replicate_weights(roll.units, 1, seed, int(b)) for b in which])
        if roll.draw is not None:
            weights *= (roll.draw[:, None] < 0) | (roll.draw[:, None] == which % roll.draws)
        yield weights, which


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
            scales=None
            if part.scales is None
            else part.scales.take(np.flatnonzero(np.isin(part.credit.unit, units))),
        )
        for kind, part in parts.items()
    }


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
