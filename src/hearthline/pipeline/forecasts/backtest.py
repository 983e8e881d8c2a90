"""Forecasts held against what came: made as of an earlier day, from what was known then."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hearthline.attribution import Ahead, Enrolled, ahead_of
from hearthline.pipeline.forecasts.reading import Read, enrolled_in
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Floats, Ints

__all__ = ["Held", "held_back"]

_Key = tuple[str, str]
_DAY_MS = 86_400_000
_DRAWS = 400

_EARNED = """
    SELECT t.shop, t.order_id, p.channel, CAST(sum(t.amount) AS DOUBLE) AS amount
    FROM touch_credits t JOIN touchpoints p USING (place) JOIN models m USING (model)
    WHERE m.is_default AND t.kind <> 'person' GROUP BY ALL ORDER BY t.order_id, t.shop, p.channel"""
_HOUSEHOLDS = """
    SELECT held_out_orders AS foretold, held_out_low AS low, held_out_high AS high, held_out_true AS came
    FROM lifetime_totals WHERE "group" = 'all' AND held_out_true IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Held:
    """One forecast and what came.

    Attributes:
        what: of what.
        unit: `orders` or `money`.
        foretold: the forecast.
        low, high: its 90 % interval.
        came: what there was.
        usual: what it would be if nothing ever ended; None where nobody asked.
    """

    what: str
    unit: str
    foretold: float
    low: float
    high: float
    came: float
    usual: float | None = None

    @property
    def inside(self) -> bool:
        """Whether what came lies in the interval."""
        return self.low <= self.came <= self.high


def held_back(read: Read, days: int) -> list[Held]:
    """Return the forecasts of an answer as of so many days before its end, and what came.

    Args:
        read: returns the result of a SELECT over the answer's tables.
        days: how many days are held back.

    Raises:
        NothingToAnswer: no enrolment was known then.
    """
    enrolled, keys = enrolled_in(read)
    last_ms = int(read("SELECT epoch_ms(max(time)) AS t FROM orders")["t"][0].as_py() or 0)
    as_of_ms = last_ms - days * _DAY_MS
    if not (enrolled.began_ms <= as_of_ms).any():
        raise NothingToAnswer(
            f"backtest: no enrolment was known {days} days before the data ends; "
            f"got {len(enrolled.kind)} in all; hold back fewer days"
        )
    ahead = ahead_of(enrolled, as_of_ms, float(days), _DRAWS)
    known = ahead.known[enrolled.of]
    later, sooner = known & (enrolled.order_ms > as_of_ms), known & (enrolled.order_ms <= as_of_ms)
    count = len(enrolled.kind)
    came = np.bincount(enrolled.of[later], enrolled.money[later], count).astype(np.float64)
    found = [
        _orders(ahead, enrolled.of[later], as_of_ms, enrolled, days),
        _money("enrolments", ahead, np.ones(count), came),
    ]
    for channel, share in _shares(read, enrolled, keys, sooner).items():
        found.append(_money(f"enrolments, owed to {channel}", ahead, share, came))
    return [*found, *_households(read)]


def _orders(ahead: Ahead, of: Ints, as_of_ms: int, enrolled: Enrolled, days: int) -> Held:
    counts = ahead.drawn[:, ahead.on] / np.maximum(ahead.each[ahead.on], 1e-9)
    low, high = np.quantile(counts.sum(axis=1), (0.05, 0.95))
    age = np.maximum(as_of_ms - enrolled.began_ms, _DAY_MS)[ahead.known] / _DAY_MS
    usual = float((ahead.orders[ahead.known] / age).sum() * days)
    return Held(
        "enrolments", "orders", float(ahead.more.sum()), float(low), float(high), float(len(of)), usual
    )


def _money(what: str, ahead: Ahead, share: Floats, came: Floats) -> Held:
    low, high = np.quantile(ahead.drawn @ share, (0.05, 0.95))
    return Held(what, "money", float(ahead.money @ share), float(low), float(high), float(came @ share))


def _shares(read: Read, enrolled: Enrolled, keys: list[_Key], sooner: Any) -> dict[str, Floats]:
    """Return by channel the (e,) part of each enrolment's orders so far that it earned, the largest first."""
    place = {key: i for i, key in enumerate(keys)}
    earned = read(_EARNED)
    net = np.bincount(enrolled.of[sooner], weights=enrolled.money[sooner], minlength=len(enrolled.kind))
    found: dict[str, Floats] = {}
    for *key, channel, amount in zip(*(earned[c].to_pylist() for c in earned.column_names), strict=True):
        at = place.get(tuple(key))
        if at is not None and sooner[at]:
            found.setdefault(channel, np.zeros(len(net)))[enrolled.of[at]] += amount
    part = {c: np.divide(a, net, out=np.zeros_like(a), where=net > 0.0) for c, a in found.items()}
    return dict(sorted(part.items(), key=lambda kv: -float(found[kv[0]].sum())))


def _households(read: Read) -> list[Held]:
    """Return what the signal `lifetime_value` held back by itself, where it is there."""
    there = read("SELECT count(*) AS n FROM information_schema.tables WHERE table_name = 'lifetime_totals'")
    if not there["n"][0].as_py():
        return []
    return [
        Held(
            "households, last third of the days",
            "orders",
            *(float(r[k]) for k in ("foretold", "low", "high", "came")),
        )
        for r in read(_HOUSEHOLDS).to_pylist()
    ]
