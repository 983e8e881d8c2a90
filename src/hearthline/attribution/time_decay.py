"""Time decay: a touch's credit halves with every seven days before the decision."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hearthline.attribution._model import Model, Rule
from hearthline.attribution._position import won
from hearthline.schema.journey import Floats, Journeys


@dataclass(frozen=True)
class TimeDecay(Rule):
    """Credit in proportion to `2 ** (-gap / half_life)`, by the hour, without steps.

    Attributes:
        half_life_h: hours after which a touch counts half (default 168, seven days).

    >>> from hearthline.schema.journey import journeys_of
    >>> TimeDecay().credit(journeys_of([(0, 1)], gap_h=[(168.0, 0.0)])).round(4).tolist()
    [0.3333, 0.6667]
    """

    half_life_h: float = 168.0
    name: ClassVar[str] = "time_decay"
    title: ClassVar[str] = "Time decay (half-life 7 days)"

    def credit(self, journeys: Journeys, parameters: None = None) -> Floats:  # noqa: ARG002
        """Return shares that sum to 1 for each converted journey with touches."""
        row = journeys.row
        nearest = np.full(journeys.n, np.inf)
        np.minimum.at(nearest, row, journeys.gap_h)
        # relative to the nearest touch, so that a journey of old touches does not vanish
        pull = np.exp2(-(journeys.gap_h - nearest[row]) / self.half_life_h)
        share: Floats = pull / journeys.sum_by_journey(pull)[row]
        return won(journeys) * share


MODEL: Model = TimeDecay()
