"""Money moved between channels, and the best split of a budget, as figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from hearthline.pipeline.experiments import money_of
from hearthline.pipeline.plans.reading import Known
from hearthline.plans import allocated, summed
from hearthline.schema import text
from hearthline.schema.errors import BadConfig
from hearthline.schema.figure import Column, Figure
from hearthline.schema.journey import Floats
from hearthline.store.answer import PublishedAnswer

__all__ = ["Limits", "budget_figure", "move_figure"]

DEFINITION = (
    "Now = mean weekly spend, and net revenue a week that the touches of these weeks caused, over the last "
    "four whole weeks whose touches have had four weeks to lead to orders: credit of the default model "
    "after experiments (report calibrated), with what it may have wrong. At another spend a channel brings "
    "revenue times (new spend / spend) to the power of its bend; bends are learned from past weeks, and as "
    "much from what is believed beforehand (0.7, standard error 0.15). Intervals (90%) hold the doubt about "
    "credit and about bends together, drawn 4,000 times. Next 1 = what the next unit of money is expected "
    "to bring. Outside = the plan leaves the range of weekly spends that the data hold: there the curve is "
    "a guess."
)
COLUMNS = (
    Column("channel", "Channel"),
    Column("now", "Spend now", "money"),
    Column("then", "Spend then", "money"),
    Column("brings", "Brings now", "money", low="brings_low", high="brings_high"),
    Column("gain", "Gain a week", "money", low="gain_low", high="gain_high"),
    Column("next", "Next 1", "number", help="What the next unit of money is expected to bring, then"),
    Column("outside", "Range"),
)
_MONEY = pa.decimal128(24, 6)
_NAMES = ("now", "then", "brings", "brings_low", "brings_high", "gain", "gain_low", "gain_high")
_SCHEMA = pa.schema(
    [
        ("channel", pa.string()),
        *((n, _MONEY) for n in _NAMES),
        ("next", pa.float64()),
        ("outside", pa.string()),
    ]
)
_ALL = "All together"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan must keep to.

    Attributes:
        least, most: weekly money by channel.
        beyond: whether the plan may leave the range of the data where no limit says otherwise.
    """

    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    beyond: bool = False


def move_figure(known: Known, part: float, ends: tuple[str, str], answer: PublishedAnswer) -> Figure:
    """Return what moving a part of one channel's money to another brings."""
    giver, taker = (known.place(name) for name in ends)
    if giver == taker or not 0.0 < part <= 1.0:
        raise BadConfig(
            f"plan: {part:.0%} from {ends[0]} to {ends[1]} moves nothing; name two channels and a part"
        )
    then = known.responses.spend.copy()
    moved = part * then[giver]
    then[giver] -= moved
    then[taker] += moved
    mean, low, high = summed(known.responses.gain(then))
    money = text.brief_money(money_of(moved), answer.currency)
    title = (
        f"Moving {part:.0%} of {ends[0]} ({money} a week) to {ends[1]}: "
        f"{_signed(mean, answer.currency)} a week, {_between(low, high, answer.currency)}"
    )
    return _figure("plan_move", title, known, then, [giver, taker], answer)


def budget_figure(known: Known, total: float | None, limits: Limits, answer: PublishedAnswer) -> Figure:
    """Return the best split of a weekly budget under limits."""
    now = known.responses.spend
    least, most = _bounds(known, limits)
    wanted = float(now.sum()) if total is None else total
    bend = known.responses.bend.mean(axis=0)
    expected = np.maximum(known.responses.revenue.mean(axis=0), 0.0)
    then = allocated(expected / now**bend, bend, wanted, least, most)
    mean, low, high = summed(known.responses.gain(then))
    ends = _between(low, high, answer.currency)
    kept = "Another split of the same money" if total is None else "This budget, split so"
    title = f"{kept}: {_signed(mean, answer.currency)} a week, {ends}"
    return _figure("plan_budget", title, known, then, list(range(len(known.names))), answer)


def _bounds(known: Known, limits: Limits) -> tuple[Floats, Floats]:
    """Return least and most a week: what the user says, else the range of the data."""
    for name in (*limits.least, *limits.most):
        known.place(name)
    low, high = (
        (np.zeros(len(known.names)), np.full(len(known.names), 1e12)) if limits.beyond else (None, None)
    )
    least = known.least.copy() if low is None else low
    most = known.most.copy() if high is None else high
    for bounds, said in ((least, limits.least), (most, limits.most)):
        for name, value in said.items():
            bounds[known.place(name)] = value
    if (least > most).any():
        name = known.names[int(np.argmax(least > most))]
        raise BadConfig(f"plan: the least of {name} is above its most; change one of the two")
    return least, most


def _signed(value: float, currency: str) -> str:
    said = text.brief_money(money_of(abs(value)), currency)
    return f"{'+' if value >= 0.0 else text.MINUS}{said}"


def _between(low: float, high: float, currency: str) -> str:
    ends = (text.amount(money_of(round(value, 2)), currency) for value in (low, high))
    return f"90% between {' and '.join(ends)}"


def _outside(known: Known, place: int, spend: float) -> str | None:
    if known.least[place] - 1e-9 <= spend <= known.most[place] * (1.0 + 1e-9):
        return None
    return f"outside: {known.least[place]:.2f} to {known.most[place]:.2f} a week were seen"


def _figure(
    name: str, title: str, known: Known, then: Floats, shown: list[int], answer: PublishedAnswer
) -> Figure:
    responses = known.responses
    brings, gains, after = responses.revenue, responses.at(then) - responses.revenue, responses.marginal(then)
    rows = []
    for i in shown:
        money = (responses.spend[i], then[i], *summed(brings[:, i]), *summed(gains[:, i]))
        rows.append(
            {
                "channel": known.names[i],
                **{n: money_of(v) for n, v in zip(_NAMES, money, strict=True)},
                "next": round(float(after[i]), 2),
                "outside": _outside(known, i, float(then[i])),
            }
        )
    sums = (responses.spend[shown].sum(), then[shown].sum(), *summed(brings[:, shown].sum(axis=1)))
    whole = (*sums, *summed(gains[:, shown].sum(axis=1)))
    rows.append({"channel": _ALL, **{n: money_of(v) for n, v in zip(_NAMES, whole, strict=True)}})
    return Figure(
        name=name,
        title=title,
        question="What would another split of the money bring, and how sure is that?",
        definition=DEFINITION,
        columns=COLUMNS,
        rows=pa.Table.from_pylist(rows, schema=_SCHEMA),
        notes=_notes(known, rows, answer.currency),
        command=f"hearthline {name.replace('_', ' ')}",
        source=answer.source,
        currency=answer.currency,
        extra={"Chance of a gain": f"{(gains[:, shown].sum(axis=1) > 0.0).mean():.0%}"},
    )


def _notes(known: Known, rows: Sequence[Mapping[str, object]], currency: str) -> tuple[str, ...]:
    notes = []
    out = [str(r["channel"]) for r in rows if r.get("outside")]
    if out:
        notes.append(f"Outside the range of the data: {', '.join(out)}. There the curve is a guess.")
    if not known.tested:
        notes.append("No experiment was learned from: the intervals hold what the model may have wrong.")
    if known.costless:
        notes.append(f"No spend is known of {', '.join(known.costless)}: they are not in the plan.")
    notes += known.spent.notes(currency)
    weeks = text.plural(len(known.spent.weeks), "week")
    notes.append(f"Bends were learned from {weeks} and from what is believed beforehand.")
    return tuple(notes)
