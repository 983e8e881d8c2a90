"""U-shaped: 40 % to the first touch, 40 % to the last, 20 % to those between."""

import numpy as np

from hearthline.attribution._model import Model, Rule
from hearthline.attribution._position import positions, won
from hearthline.schema.journey import Floats, Journeys


class UShaped(Rule):
    """40 / 20 / 40; one touch takes all, two take half each.

    >>> from hearthline.schema.journey import journeys_of
    >>> UShaped().credit(journeys_of([(0, 1, 2, 1)])).round(3).tolist()
    [0.4, 0.1, 0.1, 0.4]
    """

    name = "u_shaped"
    title = "U-shaped (40/20/40)"

    def credit(self, journeys: Journeys, parameters: None = None) -> Floats:  # noqa: ARG002
        """Return shares that sum to 1 for each converted journey with touches."""
        place, length = positions(journeys)
        end = (place == 0) | (place == length - 1)
        share = np.where(end, 0.4, 0.2 / np.maximum(length - 2, 1))
        return won(journeys) * np.where(length <= 2, 1.0 / length, share)


MODEL: Model = UShaped()
