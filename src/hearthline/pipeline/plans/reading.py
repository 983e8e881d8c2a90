"""What plans read of an answer: spend and credit by week, and what experiments and models believe."""

from dataclasses import dataclass

import numpy as np

from hearthline.pipeline.experiments import Read, calibrated_now
from hearthline.pipeline.plans.spending import NOW, Spent, by_week, spent_of
from hearthline.plans import Responses, bend_of
from hearthline.schema.errors import NothingToAnswer, UnknownName
from hearthline.schema.journey import Floats
from hearthline.store.home import HomeFolder

__all__ = ["Known", "known"]

_CREDIT = """
    SELECT n.name AS channel, date_trunc('week', c.day)::DATE AS week, sum(c.amount)::DOUBLE AS credit
    FROM {credits} c JOIN {channels} n ON n.channel = c.channel JOIN {models} m USING (model)
    WHERE m.is_default AND c.accounting = 'touch' GROUP BY ALL"""


@dataclass(frozen=True, slots=True)
class Known:
    """Channels whose spend is known, with what they bring.

    Attributes:
        names: the channels.
        responses: what they bring a week, at the spend of the last four settled weeks.
        credited: (channels,) credit a week then, before experiments.
        least, most: (channels,) least and most that was ever spent in a week.
        bends: mean and standard error of each channel's bend.
        spent: what the spend was read from.
        costless: channels with credit whose spend is not known.
        tested: whether any experiment was learned from.
    """

    names: tuple[str, ...]
    responses: Responses
    credited: Floats
    least: Floats
    most: Floats
    bends: list[tuple[float, float]]
    spent: Spent
    costless: tuple[str, ...]
    tested: bool

    def place(self, name: str) -> int:
        """Return the number of a channel.

        Raises:
            UnknownName: its spend is not known.
        """
        if name in self.names:
            return self.names.index(name)
        there = ", ".join(self.names)
        money = [currency for channel, currency in self.spent.aside if channel == name]
        if money:
            raise UnknownName(
                f"plan: {name!r} has spend in {money[0]}, for which there is no rate; set [money] rates and "
                f"run again; there is spend of {there}"
            )
        raise UnknownName(f"plan: no spend of a channel {name!r} is known; there is spend of {there}")


def known(home: HomeFolder, read: Read) -> Known:
    """Return what is known of the channels that money is spent on.

    Raises:
        NothingToAnswer: no spend is known, or fewer than four weeks with spend have settled.
    """
    spent = spent_of(read)
    spend = spent.by_week
    credit = by_week(read(_CREDIT).to_pylist(), "credit", spent.weeks)
    names = tuple(sorted(n for n, x in spend.items() if x[-NOW:].sum() > 0.0 and n in credit))
    if not names:
        raise NothingToAnswer(_unnamed(spent))
    believed, tested = calibrated_now(home, read)
    channels, mean, covariance, credited = believed
    at = np.array([channels.index(n) for n in names])
    now = np.array([credit[n][-NOW:].mean() for n in names])
    ratio = np.where(credited[at] > 0.0, now / np.maximum(credited[at], 1e-12), 0.0)
    bends = [bend_of(spend[n], credit[n]) for n in names]
    responses = Responses.drawn(
        np.array([spend[n][-NOW:].mean() for n in names]),
        mean[at] * ratio,
        covariance[np.ix_(at, at)] * np.outer(ratio, ratio),
        bends,
    )
    priced = {*names, *(channel for channel, _ in spent.aside)}
    return Known(
        names,
        responses,
        now,
        np.array([spend[n].min() for n in names]),
        np.array([spend[n].max() for n in names]),
        bends,
        spent,
        tuple(sorted(n for n in credit if n not in priced and credit[n].sum() > 0.0)),
        tested,
    )


def _unnamed(spent: Spent) -> str:
    if spent.aside:
        money = ", ".join(sorted({currency for _, currency in spent.aside}))
        return (
            f"plan: no channel is left; got spend in {money}, for which there is no rate; set [money] rates "
            "and run again"
        )
    return (
        "plan: no channel has both spend and credit; add a table of spend (channel, day, cost), named as "
        "the channels are"
    )
