"""What was spent on channels, by week, in the reporting currency: what plans move and split."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from hearthline.pipeline.experiments import Read, days_of, money_of
from hearthline.schema import text
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Floats

__all__ = ["NOW", "Spent", "by_week", "spent_of"]

NOW = 4
"""How many weeks are now."""
_SETTLED_DAYS = 28
_SPEND = """
    SELECT s.channel, date_trunc('week', s.day)::DATE AS week, s.currency, min(s.day) AS day,
      sum(s.cost)::DOUBLE AS as_told, sum(CAST(s.cost AS DECIMAL(19, 4)) * r.rate)::DOUBLE AS cost
    FROM {spend} s LEFT JOIN {rates} r ON s.currency = r.currency GROUP BY ALL ORDER BY ALL"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Money spent, by week.

    Attributes:
        weeks: Mondays of the weeks of a plan: settled, and inside the weeks for which spend is told.
        by_week: (weeks,) money by channel; a week without any of its spend is one of 0.
        whole: money by channel in all weeks of the data, those for which none is told taken to be alike.
        told, of: for how many weeks of the data spend is told, and how many there are.
        aside: money that no rate brings into the reporting currency, by channel and currency.
    """

    weeks: list[date]
    by_week: dict[str, Floats]
    whole: dict[str, float]
    told: int
    of: int
    aside: dict[tuple[str, ...], float]

    def notes(self, currency: str) -> list[str]:
        """Return a note for each channel that is left out because of its currency.

        Args:
            currency: the reporting currency.
        """
        return [
            f"{channel} is not in the plan: {text.amount(money_of(told), money)} {money} of its spend have "
            f"no rate into {currency}; set [money] rates."
            for (channel, money), told in self.aside.items()
        ]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _settled(first: date, last: date) -> list[date]:
    """Return the Mondays of the whole weeks whose touches have had four weeks to lead to orders.

    Raises:
        NothingToAnswer: they are fewer than four.
    """
    begin = _monday(first + timedelta(days=6))
    span = (last - begin).days + 1 - _SETTLED_DAYS
    weeks = [begin + timedelta(days=7 * i) for i in range(max(span // 7, 0))]
    if len(weeks) < NOW:
        enough = begin + timedelta(days=7 * NOW + _SETTLED_DAYS - 1)
        raise NothingToAnswer(
            "plan: the touches of four whole weeks must have had four more weeks to lead to orders; got data "
            f"from {first} to {last}; wait until they reach {enough}"
        )
    return weeks


def spent_of(read: Read) -> Spent:
    """Return the spend that plans use.

    Raises:
        NothingToAnswer: the data are too short, or spend is told for fewer than four settled weeks.
    """
    first, last = days_of(read)
    settled = _settled(first, last)
    rows = [r for r in read(_SPEND).to_pylist() if _monday(first) <= r["week"] <= last]
    if not rows:
        raise NothingToAnswer(
            f"plan: no spend is known from {first} to {last}; add a table of spend (channel, day, cost)"
        )
    begin, end = min(r["day"] for r in rows), max(r["week"] for r in rows)
    weeks = [w for w in settled if begin <= w <= end]
    if len(weeks) < NOW:
        raise NothingToAnswer(
            f"plan: spend is told for {len(weeks)} of {len(settled)} whole weeks that have settled, from "
            f"{settled[0]} to {settled[-1] + timedelta(days=6)}, but four are needed; add spend of these days"
        )
    told, whole = ((e - _monday(b)).days // 7 + 1 for b, e in ((begin, end), (first, last)))
    aside = _sums([r for r in rows if r["cost"] is None and r["as_told"]], ("channel", "currency"), "as_told")
    left_out = {channel for channel, _ in aside}
    ours = [r for r in rows if r["cost"] is not None and r["channel"] not in left_out]
    sums = {n: v * whole / told for (n,), v in _sums(ours, ("channel",), "cost").items()}
    return Spent(weeks, by_week(ours, "cost", weeks), sums, told, whole, aside)


def _sums(rows: list[dict[str, Any]], keys: tuple[str, ...], value: str) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for row in rows:
        key = tuple(row[k] for k in keys)
        found[key] = found.get(key, 0.0) + row[value]
    return found


def by_week(rows: list[dict[str, Any]], value: str, weeks: list[date]) -> dict[str, Floats]:
    """Return (weeks,) sums of a value by channel; rows of other weeks are left out."""
    at = {week: i for i, week in enumerate(weeks)}
    found: dict[str, Floats] = {}
    for row in rows:
        if row["week"] in at:
            found.setdefault(row["channel"], np.zeros(len(weeks)))[at[row["week"]]] += row[value]
    return found
