"""Linear: every touch earns the same."""

from hearthline.attribution._model import Model, Rule
from hearthline.attribution._position import positions, won
from hearthline.schema.journey import Floats, Journeys


class Linear(Rule):
    """Equal credit to every touch of the journey, repeated channels included.

    >>> from hearthline.schema.journey import journeys_of
    >>> Linear().credit(journeys_of([(0, 1, 0, 2)])).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    name = "linear"
    title = "Linear"

    def credit(self, journeys: Journeys, parameters: None = None) -> Floats:  # noqa: ARG002
        """Return 1 / (number of touches) for touches of converted journeys."""
        _, length = positions(journeys)
        return won(journeys) / length


MODEL: Model = Linear()
