"""Plans on a home: money moved, budgets split, enrolments bought. `Plans` is what the API offers."""

from dataclasses import dataclass

from hearthline.pipeline.experiments import opened
from hearthline.pipeline.plans.budgets import Limits, budget_figure, move_figure
from hearthline.pipeline.plans.enrolling import enrol_figure
from hearthline.pipeline.plans.reading import known
from hearthline.schema.errors import BadConfig
from hearthline.schema.figure import Figure
from hearthline.store.home import HomeFolder

__all__ = ["Plans"]


@dataclass(frozen=True, slots=True)
class Plans:
    """What other budgets would bring in one home."""

    home: HomeFolder

    def move(self, part: float, giver: str, taker: str) -> Figure:
        """Return what moving a part (0 to 1) of one channel's weekly money to another brings.

        Raises:
            UnknownName: the spend of one of them is not known.
            NothingToAnswer: no spend is known, or of fewer than four weeks that have settled.
        """
        with opened(self.home) as (answer, read):
            return move_figure(known(self.home, read), part, (giver, taker), answer)

    def budget(
        self,
        total: float | None = None,
        least: dict[str, float] | None = None,
        most: dict[str, float] | None = None,
        beyond: bool = False,  # noqa: FBT001, FBT002
    ) -> Figure:
        """Return the best split of a weekly budget.

        Args:
            total: money a week; default: what is spent now.
            least: lower limits by channel; default: the least ever spent in a week, which may be nothing.
            most: upper limits by channel; default: the most.
            beyond: leave the range of the data where no limit is given; the figure then says so.

        Raises:
            BadConfig: the total does not fit into the limits.
            NothingToAnswer: no spend is known, or of fewer than four weeks that have settled.
        """
        with opened(self.home) as (answer, read):
            limits = Limits(least or {}, most or {}, beyond)
            return budget_figure(known(self.home, read), total, limits, answer)

    def enrolments(self, part: float = 0.2, displaced: float | None = None) -> Figure:
        """Return what a part more money brings in enrolments and over their lives, channel by channel.

        A life is counted within the horizon of forecasts (`[attribution] horizon_days`).

        Args:
            part: how much more money, as a part of what is spent now.
            displaced: part of an enrolment's orders that would have come by hand; default: the setting.

        Raises:
            BadConfig: a part is impossible.
            NothingToAnswer: no order of an enrolment is known, or no spend of four weeks that have settled.
        """
        if part <= 0.0 or (displaced is not None and not 0.0 <= displaced < 1.0):
            raise BadConfig("plan: more money is a part above 0, displaced orders a part from 0 to 1")
        with opened(self.home) as (answer, read):
            return enrol_figure(read, known(self.home, read), part, displaced, answer)
