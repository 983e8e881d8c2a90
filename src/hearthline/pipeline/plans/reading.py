"""What plans read of an answer: spend and credit by week, and what experiments and models believe."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from hearthline.pipeline.experiments import Read, calibrated_now, days_of
from hearthline.plans import Responses, bend_of
from hearthline.schema.errors import NothingToAnswer, UnknownName
from hearthline.schema.journey import Floats
from hearthline.store.home import HomeFolder

__all__ = ["Known", "known"]

_NOW = 4
_SETTLED_DAYS = 28
_SPEND = """
    SELECT channel, date_trunc('week', day)::DATE AS week, sum(cost)::DOUBLE AS cost FROM {spend}
    WHERE currency = (SELECT currency FROM {run}) GROUP BY ALL"""
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
        weeks: how many weeks the bends were learned from.
        costless: channels with credit whose spend is not known.
        tested: whether any experiment was learned from.
    """

    names: tuple[str, ...]
    responses: Responses
    credited: Floats
    least: Floats
    most: Floats
    bends: list[tuple[float, float]]
    weeks: int
    costless: tuple[str, ...]
    tested: bool

    def place(self, name: str) -> int:
        """Return the number of a channel.

        Raises:
            UnknownName: its spend is not known.
        """
        if name not in self.names:
            raise UnknownName(
                f"plan: no spend of a channel {name!r} is known; there is spend of {', '.join(self.names)}"
            )
        return self.names.index(name)


def _weeks(first: date, last: date) -> list[date]:
    """Return the Mondays of whole weeks whose touches have had time to lead to orders."""
    monday = first + timedelta(days=-first.weekday() % 7)
    whole = [monday + timedelta(days=7 * i) for i in range((last - monday).days // 7 + 1)]
    whole = [w for w in whole if w + timedelta(days=6) <= last]
    settled = [w for w in whole if w + timedelta(days=6 + _SETTLED_DAYS) <= last]
    return settled if len(settled) >= _NOW else whole[:-1]


def _table(rows: list[dict[str, object]], value: str, weeks: list[date]) -> dict[str, Floats]:
    at = {week: i for i, week in enumerate(weeks)}
    found: dict[str, Floats] = {}
    for row in rows:
        if row["week"] in at:
            found.setdefault(str(row["channel"]), np.zeros(len(weeks)))[at[row["week"]]] += row[value]  # type: ignore[index]
    return found


def known(home: HomeFolder, read: Read) -> Known:
    """Return what is known of the channels that money is spent on.

    Raises:
        NothingToAnswer: no spend is known, or the data are shorter than four weeks.
    """
    weeks = _weeks(*days_of(read))
    if len(weeks) < _NOW:
        raise NothingToAnswer(f"plan: {len(weeks)} whole weeks are too few; wait for five weeks of data")
    spend = _table(read(_SPEND).to_pylist(), "cost", weeks)
    credit = _table(read(_CREDIT).to_pylist(), "credit", weeks)
    names = tuple(sorted(n for n, x in spend.items() if x[-_NOW:].sum() > 0.0 and n in credit))
    if not names:
        raise NothingToAnswer(
            "plan: no channel has both spend and credit; add a table of spend (channel, day, cost), named as "
            "the channels are"
        )
    believed, tested = calibrated_now(home, read)
    channels, mean, covariance, credited = believed
    at = np.array([channels.index(n) for n in names])
    now = np.array([credit[n][-_NOW:].mean() for n in names])
    ratio = np.where(credited[at] > 0.0, now / np.maximum(credited[at], 1e-12), 0.0)
    bends = [bend_of(spend[n], credit[n]) for n in names]
    responses = Responses.drawn(
        np.array([spend[n][-_NOW:].mean() for n in names]),
        mean[at] * ratio,
        covariance[np.ix_(at, at)] * np.outer(ratio, ratio),
        bends,
    )
    spent = [spend[n][spend[n] > 0.0] for n in names]
    return Known(
        names,
        responses,
        now,
        np.array([s.min() for s in spent]),
        np.array([s.max() for s in spent]),
        bends,
        len(weeks),
        tuple(sorted(n for n in credit if n not in names and credit[n].sum() > 0.0)),
        tested,
    )
