"""Towns in which who is who is drawn: homes that hang on doubtful links are as a draw has them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from hearthline.attribution._model import Model
from hearthline.attribution._town import Part, Roll, Scales, Town
from hearthline.schema.journey import Floats, Ints, Journeys, concatenated

__all__ = ["Drawn", "drawn_towns"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Homes that hang on doubtful links, as each draw of the links has them.

    Attributes:
        units: keys of those homes where every link holds, ascending.
        draws: of each draw their journeys, by kind of order; kinds that they have none of may be left out.
    """

    units: Ints
    draws: tuple[Mapping[str, Part], ...]


def drawn_towns(
    model: Model, parts: Mapping[str, Part], drawn: Drawn, replicates: int
) -> Iterator[tuple[Town, Roll, Ints]]:
    """Yield towns, who weighs what in them, and the numbers of the replicates that are theirs.

    Replicate b has draw b modulo the number of draws. Where few homes hang on doubtful links one town holds
    them as all draws have them, and a replicate counts one draw's; where many do, each town holds some draws.

    Args:
        model: the model.
        parts: all homes where every link holds, with their parameters.
        drawn: the homes whose links are drawn.
        replicates: how many there are.
    """
    everyone = np.unique(np.concatenate([u for p in parts.values() for u in (p.fit.unit, p.credit.unit)]))
    here = np.isin(drawn.units, everyone)
    size, many = len(drawn.draws), int(np.clip(len(everyone) // max(int(here.sum()), 1), 1, len(drawn.draws)))
    for first in range(0, size, many):
        some = np.arange(first, min(first + many, size))
        numbers = np.flatnonzero(np.isin(np.arange(replicates) % size, some))
        if len(numbers):
            whole, roll = _together(parts, drawn, some)
            yield Town(model, whole, roll, parts), roll, numbers


def _together(parts: Mapping[str, Part], drawn: Drawn, some: Ints) -> tuple[dict[str, Part], Roll]:
    """Return the homes without doubt beside those of some draws, and who weighs what."""
    gone, draws = drawn.units, [(int(d), drawn.draws[d]) for d in some]
    whole: dict[str, Part] = {}
    who: dict[int, tuple[Ints, Ints]] = {}
    fits: dict[int, Journeys] = {}
    for kind, part in parts.items():
        own = [(draw, given[kind]) for draw, given in draws if kind in given]
        if id(part.fit) not in fits:
            fits[id(part.fit)] = _joined(part.fit, gone, [(d, p.fit) for d, p in own], who)
        stays = np.flatnonzero(~np.isin(part.credit.unit, gone))
        whole[kind] = replace(
            part,
            fit=fits[id(part.fit)],
            credit=_joined(part.credit, gone, [(d, p.credit) for d, p in own], who),
            scale=np.concatenate([_scale(part)[stays], *(_scale(p) for _, p in own)]),
            scales=_scales(part, stays, [p for _, p in own]),
        )
    units, size = np.unique(np.concatenate([unit for _, unit in who.values()])), len(drawn.draws) + 1
    codes = {key: np.searchsorted(units, unit) * size + draw + 1 for key, (draw, unit) in who.items()}
    rows = np.unique(np.concatenate(list(codes.values())))
    index = {key: np.searchsorted(rows, code) for key, code in codes.items()}
    return whole, Roll(units[rows // size], rows % size - 1, index, len(drawn.draws))


def _joined(
    base: Journeys, gone: Ints, draws: list[tuple[int, Journeys]], who: dict[int, tuple[Ints, Ints]]
) -> Journeys:
    """Return the journeys of homes without doubt and of all draws; enter whose they are, and which draw's."""
    stays = base.take(np.flatnonzero(~np.isin(base.unit, gone)))
    journeys = concatenated([stays, *(j for _, j in draws)])
    draw = np.concatenate([np.full(stays.n, -1), *(np.full(j.n, d) for d, j in draws)]).astype(np.int64)
    who[id(journeys)] = draw, journeys.unit
    return journeys


def _scale(part: Part) -> Floats:
    return np.broadcast_to(np.asarray(part.scale, np.float64), part.credit.n)


def _scales(part: Part, stays: Ints, own: list[Part]) -> Scales | None:
    if part.scales is None:
        return None
    return part.scales.take(stays).beside([p.scales for p in own if p.scales is not None])
