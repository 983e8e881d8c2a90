"""Last touch: all credit to the touch right before the decision."""

import numpy as np

from hearthline.attribution._model import Model, Rule
from hearthline.attribution._position import alone
from hearthline.schema.journey import Floats, Journeys


class LastTouch(Rule):
    """All credit to the last touch before the conversion.

    >>> from hearthline.schema.journey import journeys_of
    >>> LastTouch().credit(journeys_of([(0, 1, 0)])).tolist()
    [0.0, 0.0, 1.0]
    """

    name = "last_touch"
    title = "Last touch"

    def credit(self, journeys: Journeys, parameters: None = None) -> Floats:  # noqa: ARG002
        """Return 1 for each converted journey's last touch, 0 for all others."""
        return alone(journeys, np.where(journeys.lengths > 0, journeys.offsets[1:] - 1, -1))


MODEL: Model = LastTouch()
