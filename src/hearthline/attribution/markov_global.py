"""Markov chain, normalised over all channels: the classic totals, carried by the orders."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hearthline.attribution._chain import Removal, Walks, add_walks, count_walks, edges_of, removal_effects
from hearthline.attribution._model import Model
from hearthline.attribution._proportional import Proportional, Strengths
from hearthline.attribution._sets import Sets, add_sets, count_sets, masks
from hearthline.attribution._told import Counted, Counts, Resampling, Tells, counting
from hearthline.schema.journey import Floats, Ints, Journeys

LEAST = 1e-12
_ROUNDS = 200
_FARTHEST = 1e-9


@dataclass(frozen=True, slots=True)
class Raked:
    """The fitted chain and the strengths that reproduce its totals.

    Attributes:
        removal: removal effects and conversion rate.
        strength: (channels,) strengths; sharing journeys in proportion to them gives the totals.
    """

    removal: Removal
    strength: Floats


@dataclass(frozen=True)
class MarkovGlobal(Proportional):
    """The classic: all value shared in proportion to the removal effects, whoever touched which order.

    That total alone would hand a channel money from orders that it never touched. So strengths are
    found by iterative proportional fitting such that sharing each journey among the channels that
    touched it sums to the classic totals; where no such sharing exists, to the nearest found after
    200 rounds. `totals` gives the classic numbers themselves.

    >>> from hearthline.schema.journey import journeys_of
    >>> j = journeys_of([(0,), (0, 1), (1,)])
    >>> fit = MarkovGlobal().solve(MarkovGlobal().gather(j))
    >>> MarkovGlobal().totals(fit, 3.0).round(3).tolist()
    [1.5, 1.5]
    """

    order: int = 1
    name: ClassVar[str] = "markov_global"
    title: ClassVar[str] = "Markov chain (global)"
    paper: ClassVar[str] = (
        "Anderl, Becker, von Wangenheim & Schumann (2016), International Journal of Research in Marketing "
        "33(3), 457-474, doi:10.1016/j.ijresmar.2016.03.001"
    )
    full: ClassVar[bool] = True

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> tuple[Walks, Sets]:
        """Return the counts of steps and the value by set of channels."""
        return count_walks(journeys, self.order, weight), count_sets(journeys, weight)

    def merge(self, left: tuple[Walks, Sets], right: tuple[Walks, Sets]) -> tuple[Walks, Sets]:
        """Return the counts of both."""
        return add_walks(left[0], right[0]), add_sets(left[1], right[1])

    def solve(self, statistics: tuple[Walks, Sets]) -> Raked:
        """Return the removal effects and the strengths that reproduce the classic totals."""
        walks, sets = statistics
        removal = removal_effects(walks)
        return Raked(removal, _raked(removal.effect, sets))

    def totals(self, parameters: Raked, value: float) -> Floats:
        """Return the (channels,) classic amounts: `value` in proportion to the removal effects."""
        effect = parameters.removal.effect
        return effect * (value / max(float(effect.sum()), LEAST))

    def strength(self, parameters: Raked) -> Floats:
        """Return the raked strengths."""
        return np.maximum(parameters.strength, LEAST)

    def resampling(self, point: Raked) -> Resampling:
        """Return what refits chain and strengths from steps and values by unit times the weights."""
        channels = len(point.strength)

        def count(journeys: Journeys, index: Ints) -> Tells:
            step, row = edges_of(journeys, self.order)
            mask, money = masks(journeys), np.where(journeys.converted, journeys.value, 0.0)
            paid = np.flatnonzero((mask > 0) & (money > 0.0))
            # sets of channels are the keys below 0, steps the others
            key = np.concatenate([-mask[paid], step])
            return counting(
                key, np.concatenate([index[paid], index[row]]), [np.append(money[paid], np.ones(len(step)))]
            )

        def solve(told: Counts) -> list[Raked]:
            sets = told.key < 0
            mask, step = -told.key[sets], told.key[~sets]
            fits = []
            for column in told.sums.T:
                worth = column[sets]
                seen = np.repeat(worth[worth > 0.0, None], 3, axis=1)
                walks = Walks(channels, self.order, step, column[~sets])
                fits.append(self.solve((walks, Sets(channels, mask[worth > 0.0], seen))))
            return fits

        return Strengths(self, Counted(count, solve, point))


def _raked(effect: Floats, sets: Sets) -> Floats:
    value = sets.seen[:, 2]
    member = (sets.mask[:, None] >> np.arange(sets.channels) & 1).astype(np.float64)
    member, value = member[value > 0.0], value[value > 0.0]
    target = value.sum() * effect / max(effect.sum(), LEAST)
    strength = effect.copy()
    for _ in range(_ROUNDS if len(value) else 0):
        whole = member @ strength
        share = np.divide(value, whole, out=np.zeros_like(value), where=whole > 0.0)
        got = strength * (member.T @ share)
        factor = np.divide(target, got, out=np.ones_like(got), where=got > 0.0)
        strength = strength * factor
        # totals that no sharing reaches would drive strengths apart for ever
        strength = strength / max(strength.max(initial=0.0), LEAST)
        strength = np.where(effect > 0.0, np.maximum(strength, _FARTHEST), 0.0)
        if np.max(np.abs(factor - 1.0), initial=0.0) < 1e-11:
            break
    return strength


MODEL: Model = MarkovGlobal()
