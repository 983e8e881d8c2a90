"""The household bootstrap: every channel's credit with its interval, over all kinds of order at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from hearthline.attribution._model import Model
from hearthline.attribution._town import Drawn, Group, Part, Town, told_by
from hearthline.attribution._weights import chosen, picked, replicate_weights
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
    a second time, each home in it as one of the draws of who is who has it; of both the wider end counts,
    on either side. The amounts do not move by any of this.
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
    kept, fraction = chosen(units, MOST_UNITS, seed), 1.0
    sure, open_ = (known, None) if drawn is None else _parted(known, drawn.units)
    town = Town(model, known, [sure] if open_ is None else [sure, open_])
    point = middle = town.as_fitted()
    homes = {kind: _homes([part.credit]) for kind, part in parts.items()}
    homes["all"] = _homes([part.credit for part in parts.values()])
    if not kept.all():
        fraction = float(kept.mean())
        known = _solved(model, _sampled(parts, units[kept], fraction))
        town = Town(model, known, [known])
        middle, drawn = town.as_fitted(), None
    plain, torn = _replicated(town, drawn, replicates, seed)

    def bands(found: dict[str, Floats]) -> dict[str, Band]:
        return {
            kind: _band(point[kind][:, 0], draws, middle[kind], fraction, homes[kind])
            for kind, draws in found.items()
        }

    told = bands(plain)
    if not torn:
        return told
    wider = bands(torn)
    return {kind: _wider(band, wider[kind]) for kind, band in told.items()}


def _parted(parts: Mapping[str, Part], units: Ints) -> tuple[dict[str, Part], dict[str, Part]]:
    """Return the homes that hang on no doubtful link, and these."""
    taken: dict[tuple[int, bool], Journeys] = {}

    def of(journeys: Journeys, *, these: bool) -> Journeys:
        if (id(journeys), these) not in taken:
            rows = np.flatnonzero(np.isin(journeys.unit, units) == these)
            taken[id(journeys), these] = journeys.take(rows)
        return taken[id(journeys), these]

    def side(part: Part, *, these: bool) -> Part:
        rows = np.flatnonzero(np.isin(part.credit.unit, units) == these)
        return replace(
            part,
            fit=of(part.fit, these=these),
            credit=of(part.credit, these=these),
            scale=np.broadcast_to(part.scale, part.credit.n)[rows],
            scales=None if part.scales is None else part.scales.take(rows),
        )

    sure, open_ = ({k: side(p, these=these) for k, p in parts.items()} for these in (False, True))
    return sure, open_


def _replicated(
    town: Town, drawn: Drawn | None, replicates: int, seed: int
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return (channels + 2, replicates) amounts by kind: as all links hold, and as they are drawn.

    In each replicate every home that hangs on a doubtful link is as one of the draws has it.
    """
    draws = [] if drawn is None else [town.group(draw) for draw in drawn.draws]
    keys = [] if drawn is None else [drawn.together(group.units) for group in draws]
    blocks = [np.arange(f, min(f + _BLOCK, replicates)) for f in range(0, replicates, _BLOCK)]

    def plain(which: Ints) -> list[tuple[Group, Floats]]:
        return [(group, _weights(group.units, which, seed)) for group in town.groups]

    def torn(which: Ints) -> list[tuple[Group, Floats]]:
        sure = town.groups[0]
        return [(sure, _weights(sure.units, which, seed))] + [
            (group, _weights(group.units, which, seed) * (picked(key, which, seed, len(draws)) == d))
            for d, (group, key) in enumerate(zip(draws, keys, strict=True))
        ]

    def amounts(homes: Callable[[Ints], list[tuple[Group, Floats]]]) -> dict[str, Floats]:
        fits = town.fits([told_by(homes(which)) for which in blocks])
        found = [town.amounts(homes(w), fit, w) for w, fit in zip(blocks, fits, strict=True)]
        return {kind: np.concatenate([part[kind] for part in found], axis=1) for kind in found[0]}

    return amounts(plain), amounts(torn) if draws else {}


def _weights(units: Ints, which: Ints, seed: int) -> Floats:
    return replicate_weights(units, len(which), seed, int(which[0]))


def _wider(band: Band, other: Band) -> Band:
    """Return the band with the wider end on either side: doubt about who is who makes nothing surer."""
    low, high = ({end: pick(getattr(band, end), getattr(other, end)) for end in ends} for pick, ends in _ENDS)
    return replace(band, **low, **high)


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
