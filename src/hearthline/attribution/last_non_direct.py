"""Last non-direct touch: all credit to the last touch that was more than a direct visit."""

import numpy as np

from hearthline.attribution._model import Model, Rule
from hearthline.attribution._position import alone, last_where
from hearthline.schema.journey import Bools, Floats, Journeys


class LastNonDirect(Rule):
    """All credit to the last touch of a channel that is not direct; to the last touch where all are.

    >>> from dataclasses import replace
    >>> from hearthline.schema.journey import journeys_of
    >>> j = replace(journeys_of([(0, 1), (1, 1)]), direct=np.array([False, True]))
    >>> LastNonDirect().credit(j).tolist()
    [1.0, 0.0, 0.0, 1.0]
    """

    name = "last_non_direct"
    title = "Last non-direct touch"

    def credit(self, journeys: Journeys, parameters: None = None) -> Floats:  # noqa: ARG002
        """Return 1 for one touch of each converted journey, 0 for all others."""
        found = last_where(journeys, ~_direct(journeys))
        last = np.where(journeys.lengths > 0, journeys.offsets[1:] - 1, -1)
        return alone(journeys, np.where(found >= 0, found, last))


def _direct(journeys: Journeys) -> Bools:
    if not len(journeys.direct):
        return np.zeros(len(journeys.channel), np.bool_)
    return journeys.direct[journeys.channel]


MODEL: Model = LastNonDirect()
