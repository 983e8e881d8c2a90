"""What every model says of an experiment, and what it says after it has learned from all of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import ndtri

from hearthline.attribution import Baselined, load
from hearthline.experiments import ALONE, LEVEL, Belief, Lift, Observed, prior, updated
from hearthline.pipeline.experiments.book import midnight_ms
from hearthline.pipeline.experiments.reading import AUTOMATED, Read, days_of
from hearthline.schema.journey import Floats, Ints

__all__ = [
    "KINDS",
    "Credit",
    "Lifted",
    "believed",
    "credit_of",
    "displaced_of",
    "leading",
    "observed",
    "part_of",
    "said_of",
    "shown_of",
]

KINDS = ("person", "automated")
_SMALL = 0.05
"""How much of a usual channel's credit counts as placed like the touches: a credit of 0 has no place."""
_MOST_DISPLACED = 0.9
_PLACED = 0.1
"""How far, as a part of it, what a model places in an experiment may be wrong (one standard error)."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """A lift, and in which households: None is all of them."""

    lift: Lift
    on: Ints | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """What one model says: (2, channels) money by `KINDS`, and its bootstrap standard error.

    `stage` numbers the (channels,) stages: what channels of one stage have wrong, they have wrong together.
    """

    model: str
    channels: tuple[str, ...]
    amount: Floats
    error: Floats
    stage: Ints


def credit_of(read: Read) -> dict[str, Credit]:
    """Return every model's credit by channel, in the order of the channels."""
    names = tuple(read("SELECT name FROM {channels} ORDER BY channel")["name"].to_pylist())
    place = {name: i for i, name in enumerate(names)}
    stages = dict.fromkeys(names, "")
    for row in read("SELECT channel, min(stage) AS stage FROM {touchpoints} GROUP BY channel").to_pylist():
        stages[row["channel"]] = row["stage"] or ""
    stage = np.unique([stages[n] for n in names], return_inverse=True)[1].astype(np.int64)
    rows = read(
        """SELECT model, kind, channel, amount::DOUBLE AS amount, (high - low)::DOUBLE AS wide FROM {shares}
           WHERE kind <> 'all' AND channel <> '(baseline)' ORDER BY ALL"""
    ).to_pylist()
    found: dict[str, Credit] = {}
    for row in rows:
        blank = Credit(row["model"], names, np.zeros((2, len(names))), np.zeros((2, len(names))), stage)
        credit = found.setdefault(row["model"], blank)
        cell = (int(row["kind"] in AUTOMATED), place[row["channel"]])
        credit.amount[cell] += row["amount"]
        credit.error[cell] += row["wide"] / (2.0 * float(ndtri(0.5 + LEVEL / 2)))
    return found


def said_of(read: Read, lifted: Lifted) -> dict[str, Floats]:
    """Return by model the (2,) credit that it places in an experiment: its days, its households, its touches.

    Only touches since the start count: earlier ones were met by both arms.
    """
    lift, since, until = (
        lifted.lift,
        midnight_ms(lifted.lift.start),
        midnight_ms(lifted.lift.end + timedelta(days=1)),
    )
    channel = lift.channel.replace("'", "''")
    detailed = f"""
        SELECT t.model, (t.kind <> 'person')::INTEGER AS k, o.unit, sum(t.amount)::DOUBLE AS said
        FROM {{touch_credits}} t JOIN {{orders}} o USING (shop, order_id)
        JOIN (SELECT DISTINCT place, channel FROM {{touchpoints}}) p USING (place)
        WHERE p.channel = '{channel}' AND epoch_ms(t.time) >= {since} AND epoch_ms(t.time) < {until}
          AND o.day <= DATE '{lift.end}'
        GROUP BY ALL"""
    rows = read(detailed)
    if lifted.on is not None:
        rows = rows.filter(pa.array(np.isin(rows["unit"].to_numpy(), lifted.on)))
    found = _by_model(rows)
    whole = set(read(_WHOLE)["model"].to_pylist())
    brief = f"""
        SELECT c.model, (c.kind <> 'person')::INTEGER AS k, sum(c.amount)::DOUBLE AS said FROM {{credits}} c
        JOIN {{channels}} n ON n.channel = c.channel
        WHERE n.name = '{channel}' AND c.accounting = 'touch'
          AND c.day BETWEEN DATE '{lift.start}' AND DATE '{lift.end}' GROUP BY ALL"""
    rough = _by_model(read(brief))
    share = lift.share if lifted.on is None else 1.0
    return {
        model: (found.get(model, np.zeros(2)) if model in whole else rough.get(model, np.zeros(2))) * share
        for model in read("SELECT model FROM {models} WHERE state = 'ok'")["model"].to_pylist()
    }


_WHOLE = """
    SELECT l.model FROM (SELECT model, sum(credited)::DOUBLE AS credited FROM {ledger} GROUP BY model) l
    LEFT JOIN (SELECT model, sum(amount)::DOUBLE AS told FROM {touch_credits} GROUP BY model) t USING (model)
    WHERE abs(coalesce(told, 0) - credited) <= 1e-6 * abs(credited) + 1e-6"""
"""The models whose credit is told touch by touch: very large answers tell only the default model's."""


def part_of(read: Read, channel: str, on: Ints) -> float | None:
    """Return which part of the default model's credit of a channel lies in some households.

    None where the model credits it with nothing, or does not tell touch by touch.
    """
    default = read("SELECT model FROM {models} WHERE is_default")["model"].to_pylist()
    if not set(default) & set(read(_WHOLE)["model"].to_pylist()):
        return None
    all_days = Lift("", channel, "all", *days_of(read), 0.0, 0.0)
    own, whole = (
        float(said_of(read, Lifted(all_days, units)).get(default[0], np.zeros(2)).sum())
        for units in (on, None)
    )
    return own / whole if whole > 0.0 else None


def _by_model(rows: pa.Table) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for row in rows.to_pylist():
        found.setdefault(row["model"], np.zeros(2))[row["k"]] += row["said"]
    return found


def shown_of(read: Read, lifted: Lifted) -> float:
    """Return which part of a channel's touches lies in an experiment."""
    lift = lifted.lift
    channel = lift.channel.replace("'", "''")
    until = midnight_ms(lift.end + timedelta(days=1))
    sql = f"""SELECT count(*) FILTER (time_ms >= {midnight_ms(lift.start)} AND time_ms < {until}) AS shown,
              count(*) AS n FROM {{touches}} t JOIN {{channels}} c USING (channel)
              WHERE c.name = '{channel}'"""
    row: dict[str, Any] = read(sql).to_pylist()[0]
    return float(row["shown"] / max(row["n"], 1)) * (lift.share if lifted.on is None else 1.0)


def observed(
    credit: Credit,
    lifts: list[Lifted],
    said: list[dict[str, Floats]],
    shown: list[float],
    displaced: float = 0.0,
) -> Observed:
    """Return the lifts as they bear on one model's unknowns: what its channels truly added, of both kinds.

    Credit of an order without a person leaves out the part that would have come by hand; a lift does not:
    it holds these orders whole, and misses their part by hand. So of what a channel added without a
    person a lift of such orders shows 1 / (1 - displaced), and one of orders by hand as much less as that is
    above 1. Where credit is placed is the model's guess, so for learning a lift is never surer than that.
    """
    count = len(credit.channels)
    weight = np.zeros((len(lifts), 2 * count))
    usual = _SMALL * np.abs(credit.amount).mean(axis=1) + 1e-12
    part_of = _shown_by_kind(min(displaced, _MOST_DISPLACED))
    for row, (lifted, placed, part) in enumerate(zip(lifts, said, shown, strict=True)):
        at = credit.channels.index(lifted.lift.channel)
        seen = placed.get(credit.model, np.zeros(2))
        inside = (seen + part * usual) / (credit.amount[:, at] + usual)
        weight[row, [at, count + at]] = part_of[lifted.lift.kind] * inside
    size = np.hypot(credit.amount, np.abs(credit.amount).mean(axis=1, keepdims=True)).ravel()
    guessed = _PLACED * np.sqrt(weight**2 @ size**2)
    return Observed(
        weight,
        np.array([x.lift.amount for x in lifts], np.float64),
        np.hypot(np.array([x.lift.error for x in lifts], np.float64), guessed),
    )


def _shown_by_kind(displaced: float) -> dict[str, Floats]:
    """Return by a lift's kind the (2,) parts that it shows of what was added by hand and without a person."""
    taken = displaced / (1.0 - displaced)
    return {
        "all": np.array([1.0, 1.0]),
        "person": np.array([1.0, -taken]),
        "automated": np.array([0.0, 1.0 + taken]),
    }


def displaced_of(read: Read) -> float:
    """Return the part of orders without a person that would have come by hand."""
    return float(read("SELECT displacement FROM {run}")["displacement"][0].as_py() or 0.0)


def leading(credits_: dict[str, Credit], default: str | None) -> Credit | None:
    """Return what the model says that knows which orders come by themselves: the default one, if it does."""
    able = [name for name in sorted(credits_, key=lambda n: (n != default, n)) if _knows_baseline(name)]
    return credits_[able[0]] if able else None


def _knows_baseline(model: str) -> bool:
    return isinstance(load(model), Baselined)


def believed(credit: Credit, seen: Observed, lead: Credit | None = None) -> tuple[Belief, Belief]:
    """Return what is believed of a model's channels before and after: first orders by hand, then others.

    `lead` is the model that may be right where the two differ.
    """
    other = None if lead is None or lead.model == credit.model else lead.amount
    wide = ALONE if lead is None else 1.0
    before = prior(credit.amount, credit.error, credit.stage, other, wide)
    return before, updated(before, seen)
