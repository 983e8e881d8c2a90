"""How far each model is from what the channels of a simulated town really caused."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

import hearthline as hl

if TYPE_CHECKING:
    from hearthline.reports import Answer
    from hearthline.sim import Truth

__all__ = [
    "KINDS",
    "NAIVE",
    "Kind",
    "Miss",
    "compare",
    "credit_by_order",
    "keep_misses",
    "miss_of",
    "rank_correlation",
    "total_variation",
]

Kind = Literal["person", "automated", "all"]
KINDS: tuple[Kind, ...] = ("person", "automated", "all")
"""The truth's kinds of orders."""
NAIVE = "(last touch before each order)"
"""What last touch says of orders that no person placed when their lineage is not known."""

Money = Mapping[str, float]

_SHARES = """
    SELECT s.model, s.kind, s.channel, s.amount::DOUBLE AS amount, coalesce(o.value, 0) AS displaced
    FROM shares s LEFT JOIN owing o ON o.what = 'displacement' AND o.kind = s.kind
    WHERE s.kind <> 'all' AND s.channel <> '(baseline)'"""
_NAIVE = """
    SELECT c.name AS channel, sum(o.net)::DOUBLE AS amount
    FROM orders o ASOF JOIN touches t ON o.unit = t.unit AND epoch_ms(o.time) >= t.time_ms
    JOIN channels c ON c.channel = t.channel
    WHERE o.kind <> 'person' AND epoch_ms(o.time) - t.time_ms <= c.lookback_days * 86400000 GROUP BY c.name"""


@dataclass(frozen=True, slots=True)
class Miss:
    """The error of one model about one kind of orders.

    Attributes:
        model, title: the model's name, and how people call it.
        kind: `person`, `automated` (machine-placed and subscription orders) or `all`.
        off: total variation between the credited shares of channels (baseline left out) and the true
            ones, from 0 (the same) to 1; here the truth is what is lost with one channel switched off.
        shapley: the same against the Shapley value of switching off; None where it was not computed.
        rank: Spearman's rank correlation of credit and truth over channels (switching off).
        recovered: money credited to channels for each unit of money that all channels caused.
    """

    model: str
    title: str
    kind: Kind
    off: float | None
    shapley: float | None
    rank: float | None
    recovered: float | None


def total_variation(one: Money, other: Money) -> float | None:
    """Return half the sum of differences of shares, from 0 (the same) to 1; None where a sum is not positive.

    >>> total_variation({"tv": 3.0, "web": 1.0}, {"tv": 50.0, "web": 50.0})
    0.25
    """
    left, right = sum(one.values()), sum(other.values())
    if left <= 0 or right <= 0:
        return None
    names = one.keys() | other.keys()
    return 0.5 * sum(abs(one.get(n, 0.0) / left - other.get(n, 0.0) / right) for n in sorted(names))


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, ties sharing their ranks; None where a side is constant.

    >>> rank_correlation([1.0, 2.0, 3.0], [10.0, 20.0, 15.0])
    0.5
    """
    left, right = _ranks(one), _ranks(other)
    if len(left) < 2 or not left.std() or not right.std():
        return None
    return round(float(np.corrcoef(left, right)[0, 1]), 12)


def _ranks(values: Sequence[float]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    found, inverse, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = ends - (counts - 1) / 2
    return ranks[inverse].astype(np.float64) if len(found) else np.zeros(0)


def credit_by_order(answer: "Answer") -> dict[tuple[str, Kind], dict[str, float]]:
    """Return the money by channel that each model credits, for each kind of orders, as the truth counts it.

    The truth counts an order where it is placed: a channel that makes a home enrol brings the machine's
    orders, and takes away the orders by hand that these replace. An answer charges what is replaced to the
    machine's order; here it is charged to orders by hand. The sum over both kinds is the same.

    Args:
        answer: the answer of a home.
    """
    found: dict[tuple[str, Kind], dict[str, float]] = {}
    for row in answer.table(_SHARES).to_pylist():
        net, displaced = row["amount"], row["displaced"]
        replaced = net * displaced / (1.0 - displaced) if displaced < 1.0 else 0.0
        placed: Kind = "person" if row["kind"] == "person" else "automated"
        parts: tuple[tuple[Kind, float], ...] = (
            ("all", net),
            (placed, net + replaced),
            ("person", -replaced),
        )
        for kind, part in parts:
            of = found.setdefault((row["model"], kind), {})
            of[row["channel"]] = of.get(row["channel"], 0.0) + part
    return found


def compare(home: "hl.Home", truth: "Truth") -> list[Miss]:
    """Return the error of every model of a home's answer, by kind of orders, the default model first.

    Args:
        home: a home with the answer about a simulated town.
        truth: the truth of the same town.
    """
    answer = home.answer()
    try:
        models = answer.table(
            "SELECT model, title FROM models WHERE state = 'ok' ORDER BY is_default DESC, title"
        ).to_pylist()
        credited = credit_by_order(answer)
        naive = {r["channel"]: r["amount"] for r in answer.table(_NAIVE).to_pylist()}
    finally:
        answer.close()
    misses = []
    for model in models:
        for kind in KINDS:
            credit = credited.get((model["model"], kind), {})
            misses.append(miss_of(model["model"], model["title"], kind, credit, truth))
    return [*misses, miss_of(NAIVE, "Last touch before each order", "automated", naive, truth)]


def keep_misses(home: "hl.Home", misses: Sequence[Miss]) -> None:
    """Write each model's error into the home (`truth.json`), for the screen that says how wrong it can be."""
    models: dict[str, dict[str, str]] = {}
    for miss in misses:
        row = models.setdefault(miss.title, {"title": miss.title})
        if miss.kind != "all":
            for name, value in ((miss.kind, miss.off), (f"{miss.kind}_credited", miss.recovered)):
                if value is not None:
                    row[name] = f"{value:.2f}"
    known = [m for m in misses if m.kind == "person" and m.off is not None]
    lead, last = known[:1], [m for m in known if m.model == "last_touch"]
    told = "How wrong each model is in this town"
    if lead and last:
        parts = (f"{m.off:.0%} of the credit of {m.title.lower()}" for m in (*lead, *last))
        told = " and ".join(parts) + " lies on the wrong channel"
    found = {"title": told[0].upper() + told[1:], "models": list(models.values())}
    (home.path / "truth.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def miss_of(model: str, title: str, kind: Kind, credit: Money, truth: "Truth") -> Miss:
    """Return the error of what one model credits to channels.

    Args:
        model: the model's name.
        title: how people call it.
        kind: the kind of orders.
        credit: money credited to each channel for orders of that kind, the baseline left out.
        truth: the truth of the town.
    """
    effects = [e for e in truth.effects if e.kind == kind]
    total = next(t for t in truth.totals if t.kind == kind)
    caused = float(total.revenue - total.revenue_without)
    off = {e.channel: float(e.off_revenue) for e in effects}
    shapley = {e.channel: float(e.shapley_revenue) for e in effects if e.shapley_revenue is not None}
    return Miss(
        *(model, title, kind),
        off=total_variation(credit, off),
        shapley=total_variation(credit, shapley) if shapley else None,
        rank=rank_correlation([credit.get(c, 0.0) for c in off], list(off.values())),
        recovered=sum(credit.values()) / caused if caused > 0 else None,
    )
