"""The tables of an answer that experiments make: what they found, who agrees, and credit that has learned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import ndtri

from hearthline.experiments import LEVEL, Belief, Observed, agreement
from hearthline.pipeline.experiments.believing import (
    Credit,
    Lifted,
    believed,
    credit_of,
    displaced_of,
    leading,
    observed,
    said_of,
    shown_of,
)
from hearthline.pipeline.experiments.book import Book, read_book
from hearthline.pipeline.experiments.measuring import Measured, lifts_of, measured
from hearthline.pipeline.experiments.reading import Read, days_of, money_of
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Floats
from hearthline.store.home import HomeFolder

__all__ = ["Learned", "calibrated_now", "keep_experiments", "learned"]

_MONEY, _WORD, _PART = pa.decimal128(24, 6), pa.string(), pa.float64()
_BOUND = float(ndtri(0.5 + LEVEL / 2))
_SHIFT = ("amount", "low", "high")
EXPERIMENTS = pa.schema(
    [
        *((n, _WORD) for n in ("name", "channel", "state")),
        ("start", pa.date32()),
        ("end", pa.date32()),
        ("days", pa.int64()),
        ("unit", _WORD),
        *((n, pa.int64()) for n in ("homes_on", "homes_off", "clusters")),
        ("kind", _WORD),
        *((n, _PART) for n in ("each", "each_low", "each_high", "always_low", "always_high", "error")),
        *((n, _PART) for n in ("saved", "leak", "balance")),
        ("torn", pa.int64()),
        ("why", _WORD),
    ]
)
LIFTS = pa.schema(
    [
        *((n, _WORD) for n in ("name", "channel", "kind")),
        ("start", pa.date32()),
        ("end", pa.date32()),
        *((n, _MONEY) for n in _SHIFT),
        ("share", _PART),
        ("measured", pa.bool_()),
        ("used", pa.bool_()),
        ("why", _WORD),
    ]
)
AGREEMENTS = pa.schema(
    [
        *((n, _WORD) for n in ("model", "name", "channel", "kind")),
        *((n, _MONEY) for n in ("said", "said_low", "said_high", "lift", "lift_low", "lift_high")),
        ("away", _PART),
        ("agrees", pa.bool_()),
    ]
)
CALIBRATED = pa.schema(
    [
        *((n, _WORD) for n in ("model", "kind", "channel")),
        *((n, _MONEY) for n in ("credited", *_SHIFT)),
        ("tested", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class Learned:
    """What one model says before and after the lifts that it can learn from.

    Attributes:
        credit: what it says.
        seen: the lifts as they bear on it.
        before, after: beliefs of (2 * channels,) effects: orders by hand, then the others.
    """

    credit: Credit
    seen: Observed
    before: Belief
    after: Belief


def all_lifts(book: Book, found: Sequence[Measured]) -> list[Lifted]:
    """Return the lifts of experiments that are over, and those that were imported."""
    ours = []
    for one in found:
        on = one.arms.unit[~one.arms.off]
        ours += [Lifted(lift, on) for lift in lifts_of(one)]
    return [*ours, *(Lifted(lift) for lift in book.lifts)]


def refused(read: Read, lifted: Sequence[Lifted]) -> list[str]:
    """Return for each lift why no model can learn from it; empty where they can."""
    known = set(read("SELECT name FROM {channels}")["name"].to_pylist())
    first, last = days_of(read)
    reasons = []
    for lift in (x.lift for x in lifted):
        if lift.channel not in known:
            reasons.append("no touch of this channel is known here")
        elif lift.end < first or lift.start > last:
            reasons.append(f"its days are not in the data ({first} to {last})")
        else:
            reasons.append("")
    return reasons


def learned(read: Read, lifts: Sequence[Lifted]) -> dict[str, Learned]:
    """Return every model with what it learns from the lifts."""
    usable = list(lifts)
    said, shown = _placed(read, usable)
    found, credits_ = {}, credit_of(read)
    default = read("SELECT model FROM {models} WHERE is_default AND state = 'ok'")["model"].to_pylist()
    lead, displaced = leading(credits_, default[0] if default else None), displaced_of(read)
    for model, credit in credits_.items():
        seen = observed(credit, usable, said, shown, displaced)
        found[model] = Learned(credit, seen, *believed(credit, seen, lead))
    return found


def _placed(read: Read, lifts: Sequence[Lifted]) -> tuple[list[dict[str, Floats]], list[float]]:
    """Return what models place in each lift, and the part of the touches in it; both kinds are read once."""
    seen: dict[object, tuple[dict[str, Floats], float]] = {}
    keys = [(x.lift.channel, x.lift.start, x.lift.end, x.lift.share, id(x.on)) for x in lifts]
    for key, lifted in zip(keys, lifts, strict=True):
        if key not in seen:
            seen[key] = said_of(read, lifted), shown_of(read, lifted)
    return [seen[key][0] for key in keys], [seen[key][1] for key in keys]


def keep_experiments(read: Read, book: Book, keep: Callable[[str, pa.Table], None]) -> None:
    """Keep the tables `experiments`, `lifts`, `agreements` and `calibrated` of the answer."""
    found = [measured(read, planned) for planned in book.experiments]
    keep("experiments", _table(EXPERIMENTS, [row for one in found for row in _experiment(one)]))
    lifted = all_lifts(book, found)
    reasons = refused(read, lifted)
    keep("lifts", _table(LIFTS, [_lift(x, why) for x, why in zip(lifted, reasons, strict=True)]))
    usable = [x for x, why in zip(lifted, reasons, strict=True) if not why]
    models = learned(read, usable) if usable else {}
    keep("agreements", _table(AGREEMENTS, [r for m in models.values() for r in _agreements(m, usable)]))
    rows = [row for model in models.values() for row in calibrated_rows(model, usable, _shop(read))]
    keep("calibrated", _table(CALIBRATED, rows))


def calibrated_now(
    home: HomeFolder, read: Read
) -> tuple[tuple[tuple[str, ...], Floats, Floats, Floats], bool]:
    """Return what is believed of all orders under the default model, and whether a lift was learned from.

    The belief is the channels' names, their expected effects, the covariance, and the credit before.

    Raises:
        NothingToAnswer: the default model gave no answer.
    """
    found = [measured(read, planned) for planned in read_book(home).experiments]
    lifted = all_lifts(read_book(home), found)
    usable = [x for x, why in zip(lifted, refused(read, lifted), strict=True) if not why]
    default = read("SELECT model FROM {models} WHERE is_default AND state = 'ok'")["model"].to_pylist()
    models = learned(read, usable)
    if not default or default[0] not in models:
        raise NothingToAnswer("plan: the default model gave no answer; `hearthline models` lists the others")
    model = models[default[0]]
    count = len(model.credit.channels)
    both = np.hstack([np.eye(count), np.eye(count)])
    covariance = both @ model.after.covariance @ both.T
    return (
        (model.credit.channels, both @ model.after.mean, covariance, both @ model.before.mean),
        bool(usable),
    )


def _shop(read: Read) -> dict[str, Floats]:
    """Return (2,) net revenue by model: what is not a channel's is the baseline's."""
    found: dict[str, Floats] = {}
    sql = (
        "SELECT model, (kind <> 'person')::INTEGER AS k, sum(shop)::DOUBLE AS shop FROM {ledger} GROUP BY ALL"
    )
    for row in read(sql).to_pylist():
        found.setdefault(row["model"], np.zeros(2))[row["k"]] += row["shop"]
    return found


def _table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)


def _experiment(one: Measured) -> list[dict[str, Any]]:
    planned, arms = one.planned, one.arms
    about = {
        "name": planned.name,
        "channel": planned.channel,
        "state": one.state,
        "start": planned.start,
        "end": planned.end,
        "days": one.days,
        "unit": planned.by,
        "homes_on": int((~arms.off).sum()) + arms.unseen[0],
        "homes_off": int(arms.off.sum()) + arms.unseen[1],
        "clusters": len(arms.unit) + sum(arms.unseen),
        "leak": one.leak,
        "balance": one.balance,
        "torn": arms.torn,
        "why": one.why or None,
    }
    if not one.found:
        return [{**about, "kind": "all"}]
    return [
        {
            **about,
            "kind": kind,
            "clusters": seen.clusters,
            "each": seen.each,
            "each_low": seen.low,
            "each_high": seen.high,
            "always_low": seen.always_low,
            "always_high": seen.always_high,
            "error": seen.error,
            "saved": seen.saved,
        }
        for kind, seen in one.found.items()
    ]


def _lift(lifted: Lifted, why: str) -> dict[str, Any]:
    lift, wide = lifted.lift, _BOUND * lifted.lift.error
    about = {n: getattr(lift, n) for n in ("name", "channel", "kind", "start", "end", "share", "measured")}
    ends = zip(_SHIFT, (lift.amount, lift.amount - wide, lift.amount + wide), strict=True)
    return {**about, **{n: money_of(v) for n, v in ends}, "used": not why, "why": why or None}


def _agreements(model: Learned, lifts: Sequence[Lifted]) -> list[dict[str, Any]]:
    """Return how each lift agrees with what the model says, taken at its word.

    So the lift's own error counts and the bootstrap's, but not what `observed` adds: that a model's guess of
    where its credit belongs may be wrong is a reason to learn less from a lift, not to agree with it.
    """
    weight, flat = model.seen.weight, model.credit.error.ravel()
    said = weight @ model.before.mean
    error = np.sqrt((weight**2) @ flat**2)
    own_error = np.array([x.lift.error for x in lifts], np.float64)
    away = agreement(said, error, replace(model.seen, error=own_error))
    rows = []
    for i, lifted in enumerate(lifts):
        lift, wide, own = lifted.lift, _BOUND * lifted.lift.error, _BOUND * error[i]
        rows.append(
            {
                "model": model.credit.model,
                **{n: getattr(lift, n) for n in ("name", "channel", "kind")},
                "said": money_of(said[i]),
                "said_low": money_of(said[i] - own),
                "said_high": money_of(said[i] + own),
                "lift": money_of(lift.amount),
                "lift_low": money_of(lift.amount - wide),
                "lift_high": money_of(lift.amount + wide),
                "away": float(away[i]),
                "agrees": bool(abs(away[i]) <= _BOUND),
            }
        )
    return rows


def calibrated_rows(model: Learned, lifts: Sequence[Lifted], shop: dict[str, Floats]) -> list[dict[str, Any]]:
    """Return calibrated credit by kind and channel with the baseline, which is what is left: it adds up."""
    names, count = model.credit.channels, len(model.credit.channels)
    whole = shop.get(model.credit.model, np.zeros(2))
    rows = []
    for label, kinds in (("person", [0]), ("automated", [1]), ("all", [0, 1])):
        pick = np.zeros((count + 1, 2 * count))
        for k in kinds:
            pick[np.arange(count), k * count + np.arange(count)] = 1.0
            pick[count, k * count : (k + 1) * count] = -1.0
        total = np.append(np.zeros(count), whole[kinds].sum())
        mean, before = pick @ model.after.mean + total, pick @ model.before.mean + total
        wide = _BOUND * np.sqrt(np.maximum(np.diag(pick @ model.after.covariance @ pick.T), 0.0))
        tested = {x.lift.channel for x in lifts if x.lift.kind in ("all", label) or label == "all"}
        for i, name in enumerate([*names, "(baseline)"]):
            ends = zip(_SHIFT, (mean[i], mean[i] - wide[i], mean[i] + wide[i]), strict=True)
            about = {
                "model": model.credit.model,
                "kind": label,
                "channel": name,
                "credited": money_of(before[i]),
            }
            rows.append({**about, **{n: money_of(v) for n, v in ends}, "tested": name in tested})
    return rows
