"""Shapley of the count game: each journey's value shared equally by its distinct channels."""

from hearthline.attribution._model import Model, Rule
from hearthline.attribution._position import times_touched, won
from hearthline.schema.journey import Floats, Journeys


class Shapley(Rule):
    """The exact Shapley value when a coalition is worth the conversions that it holds whole.

    With v(S) = value of the journeys whose channels all lie in S, the sum over all coalitions
    collapses: a journey's value is shared equally by its distinct channels, so nothing is enumerated
    and any number of channels is exact. A channel's part is spread evenly over its touches.

    >>> from hearthline.schema.journey import journeys_of
    >>> Shapley().credit(journeys_of([(0, 1, 0)])).tolist()
    [0.25, 0.5, 0.25]
    """

    name = "shapley"
    title = "Shapley (count game)"
    paper = "Zhao, Mahboobi & Bagheri (2018), arXiv:1804.05327"

    def credit(self, journeys: Journeys, parameters: None = None) -> Floats:  # noqa: ARG002
        """Return shares that sum to 1 for each converted journey with touches."""
        part = 1.0 / times_touched(journeys)
        return won(journeys) * part / journeys.sum_by_journey(part)[journeys.row]


MODEL: Model = Shapley()
