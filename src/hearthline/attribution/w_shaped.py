"""W-shaped: 30 % each to the first, the middle and the last touch, 10 % to the others."""

import numpy as np

from hearthline.attribution._model import Model, Rule
from hearthline.attribution._position import positions, won
from hearthline.schema.journey import Floats, Journeys


class WShaped(Rule):
    """30 / 30 / 30 / 10 with the middle touch standing for the lead.

    The middle touch is number `length // 2` counted from 0: of two middle ones, the later. Journeys
    of one, two or three touches have no others, so their touches share equally.

    >>> from hearthline.schema.journey import journeys_of
    >>> WShaped().credit(journeys_of([(0, 1, 2, 3, 4)])).round(3).tolist()
    [0.3, 0.05, 0.3, 0.05, 0.3]
    """

    name = "w_shaped"
    title = "W-shaped (30/30/30/10)"

    def credit(self, journeys: Journeys, parameters: None = None) -> Floats:  # noqa: ARG002
        """Return shares that sum to 1 for each converted journey with touches."""
        place, length = positions(journeys)
        peak = (place == 0) | (place == length // 2) | (place == length - 1)
        share = np.where(peak, 0.3, 0.1 / np.maximum(length - 3, 1))
        return won(journeys) * np.where(length <= 3, 1.0 / length, share)


MODEL: Model = WShaped()
