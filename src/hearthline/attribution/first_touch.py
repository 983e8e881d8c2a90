"""First touch: all credit to the touch that opened the journey."""

import numpy as np

from hearthline.attribution._model import Model, Rule
from hearthline.attribution._position import alone
from hearthline.schema.journey import Floats, Journeys


class FirstTouch(Rule):
    """All credit to the first touch inside the look-back window.

    >>> from hearthline.schema.journey import journeys_of
    >>> FirstTouch().credit(journeys_of([(0, 1, 0)])).tolist()
    [1.0, 0.0, 0.0]
    """

    name = "first_touch"
    title = "First touch"

    def credit(self, journeys: Journeys, parameters: None = None) -> Floats:  # noqa: ARG002
        """Return 1 for each converted journey's first touch, 0 for all others."""
        return alone(journeys, np.where(journeys.lengths > 0, journeys.offsets[:-1], -1))


MODEL: Model = FirstTouch()
