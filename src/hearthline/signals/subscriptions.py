"""Subscriptions: which fit the home's use, which do not, and what mending them is worth."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import days_of, made, micros, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Subscriptions"
TELLS: Final = (
    "For each running subscription its rhythm against the home's use, and a proposal: keep, more often, less "
    "often, another size, skip the next, pause, resume; with how sure it is and what it is worth a year."
)
PAPER: Final = (
    "the interval in which a pack is used, with its doubt, against the rhythm; worth is orders gained or "
    "saved at the value of the subscription's own orders"
)
READS: Final = {
    "standing": """
        SELECT e.enrolment_id, e.unit, e.time AS began, e.ended, count(o.order_id) AS orders,
          median(o.net)::DOUBLE AS value, max(o.time) AS latest,
          (max(epoch(o.time)) - min(epoch(o.time))) / 86400 / nullif(count(o.order_id) - 1, 0) AS rhythm
        FROM enrolments e LEFT JOIN orders o ON o.enrolment = e.enrolment_id AND o.status = 'placed'
        WHERE e.kind = 'subscription' AND e.unit IS NOT NULL
        GROUP BY ALL
    """,
    "by_hand": """
        SELECT unit, time FROM orders WHERE kind = 'person' AND status = 'placed' AND unit IS NOT NULL
    """,
}
NEEDS: Final = ("supplies", "run_outs")
TABLES: Final = {
    "subscriptions": schema(
        enrolment=(pa.string(), "id of the enrolment"),
        unit=(pa.int64(), "key of the household"),
        device=(pa.string(), "device whose supply it feeds; null: known from orders"),
        rhythm=(pa.float64(), "days between its orders"),
        fits=(pa.float64(), "days that one of its deliveries lasts"),
        basis=(
            pa.string(),
            "use is known from: `sensor`, `uses`, `before` (orders before it began), `top-ups`, `fleet`",
        ),
        orders=(pa.int64(), "its orders so far"),
        value=(pa.float64(), "median net value of one"),
        proposal=(
            pa.string(),
            "`keep`, `more often`, `less often`, `other size`, `skip`, `pause`, `resume` or `watch`",
        ),
        days=(pa.float64(), "the rhythm proposed, in days; null: none"),
        packs=(pa.int64(), "packs a delivery proposed"),
        sure=(pa.float64(), "chance that the rhythm is wrong by more than the tolerance, in that direction"),
        worth=(
            pa.float64(),
            "net revenue a year that it is expected to add (more often) or to keep (others)",
        ),
        why=(pa.string(), "the proposal in words"),
    )
}
OPTIONS: Final = {"tolerance": 0.2, "sure": 0.8, "idle": 3.0, "kept": 0.25, "shortest": 7.0, "longest": 84.0}
_RHYTHMS: Final = np.array([7.0, 10, 14, 21, 28, 35, 42, 56, 70, 84])


@dataclass(frozen=True, slots=True)
class _Use:
    """A home's use in packs a day, its relative standard deviation, and what it is known from."""

    rate: float
    doubt: float
    basis: str
    device: str | None = None
    packs: float | None = None
    idle: float = 0.0


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `subscriptions`, one row a subscription, sorted by its id.

    Options: `tolerance` within which a rhythm fits; `sure` how sure a change must be to be proposed; `idle`
    so many usual intervals without any use mean a pause; `kept` the part of a wrongly paced subscription's
    revenue of a year that mending is expected to keep; `shortest` and `longest` rhythm in days.
    """
    rows = sorted_by(seen["standing"], "enrolment_id")
    uses = _uses(rows, seen, asked)
    told = [_proposal(row, use, asked) for row, use in zip(rows.to_pylist(), uses, strict=True)]
    columns = {f.name: pa.array([t[f.name] for t in told], f.type) for f in TABLES["subscriptions"]}
    return {"subscriptions": made(TABLES["subscriptions"], columns)}


def _uses(rows: pa.Table, seen: Tables, asked: Asked) -> list[_Use]:
    """Return what each subscription's home uses, from the best evidence that there is."""
    sensed = {
        r["unit"]: r
        for r in sorted_by(seen["supplies"], "unit", "rate").to_pylist()
        if r["basis"] != "orders"
    }
    hand: dict[int, list[float]] = {}
    by_hand = sorted_by(seen["by_hand"], "unit", "time")
    for unit, day in zip(
        by_hand["unit"].to_pylist(), days_of(by_hand["time"], asked.as_of).tolist(), strict=True
    ):
        if day <= 0:
            hand.setdefault(unit, []).append(day)
    began = days_of(rows["began"], asked.as_of).tolist()
    fleet = _fleet(hand)
    out = []
    for row, start in zip(rows.to_pylist(), began, strict=True):
        own = sensed.get(row["unit"])
        if own is not None:
            idle = (micros(asked.as_of) - micros(own["last"])) / 86_400_000_000
            doubt = own["rate_sd"] / max(own["rate"], 1e-9)
            out.append(_Use(own["rate"], doubt, own["basis"], own["device"] or None, own["packs"], idle))
        else:
            out.append(_by_orders(row, hand.get(row["unit"], []), start, fleet))
    return out


def _fleet(hand: dict[int, list[float]]) -> tuple[float, float]:
    """Return the mean rate of homes that order by hand, and its relative spread between homes."""
    paces = np.array([(len(d) - 1) / max(d[-1] - d[0], 7.0) for d in hand.values() if len(d) > 2])
    if len(paces) < 5:
        return 1 / 28, 0.5
    return float(paces.mean()), float(min(max(paces.std() / paces.mean(), 0.2), 0.8))


def _by_orders(row: dict[str, Any], days: list[float], start: float, fleet: tuple[float, float]) -> _Use:
    """Return the use of a home that no sensor reads.

    Orders by hand beside the subscription say that it is too slow: then all that came was used. Without
    them, the pace before it began speaks, shrunk to all homes.
    """
    mean, spread = fleet
    prior = 1 / spread**2  # in orders
    before, after = [d for d in days if d < start], [d for d in days if d >= start]
    if len(after) >= 2 and row["orders"] >= 2:
        count, span, basis = row["orders"] + len(after), max(-start, 7.0), "top-ups"
    elif len(before) >= 2:
        count, span, basis = len(before) - 1, max(start - before[0], 7.0), "before"
    else:
        return _Use(mean, spread, "fleet")
    rate = (count + prior) / (span + prior / mean)
    return _Use(rate, float(1 / np.sqrt(count + prior)), basis)


def _proposal(row: dict[str, Any], use: _Use, asked: Asked) -> dict[str, Any]:
    """Return a subscription's row of the table."""
    fits = 1 / max(use.rate, 1e-6)
    told = {
        "enrolment": row["enrolment_id"],
        "unit": row["unit"],
        "device": use.device,
        "rhythm": row["rhythm"],
        "fits": fits,
        "basis": use.basis,
        "orders": row["orders"],
        "value": row["value"],
        "proposal": "keep",
        "days": None,
        "packs": 1,
        "sure": None,
        "worth": 0.0,
    }
    if row["ended"] is not None and row["ended"] <= asked.as_of:
        return told | _after_its_end(use, row["value"] or 0.0, fits)
    if row["rhythm"] is None or use.basis == "fleet":
        return told | {"proposal": "watch", "why": "not enough is known of this home's use yet"}
    return told | (_stopping(row, use, asked) or _pacing(row, use, asked))


def _stopping(row: dict[str, Any], use: _Use, asked: Asked) -> dict[str, Any] | None:
    """Return the proposal to skip the next delivery or to pause, where a sensor shows that none is needed."""
    if use.packs is None:
        return None
    kept, value, rhythm = asked.options["kept"], row["value"] or 0.0, row["rhythm"]
    if use.idle > asked.options["idle"] * max(rhythm, 1 / max(use.rate, 1e-6)):
        worth = kept * 365 * value / rhythm
        return {"proposal": "pause", "worth": worth, "why": f"no use for {use.idle:.0f} days"}
    lasts = use.packs / max(use.rate, 1e-6)
    if lasts > 2 * rhythm * (1 + asked.options["tolerance"]):
        why = f"comes every {rhythm:.0f} days, and what is there lasts {lasts:.0f}"
        return {"proposal": "skip", "worth": kept * value, "why": why}
    return None


def _pacing(row: dict[str, Any], use: _Use, asked: Asked) -> dict[str, Any]:
    """Return the proposal of a rhythm or a size that fits the use."""
    o, rhythm, fits = asked.options, row["rhythm"], 1 / max(use.rate, 1e-6)
    slow, fast = _sure(rhythm * use.rate, use.doubt, o["tolerance"])
    days = float(_RHYTHMS[np.argmin(np.abs(np.log(_RHYTHMS / fits)))])
    yearly, packs = 365 * (row["value"] or 0.0), int(np.ceil(rhythm * use.rate))
    now = f"comes every {rhythm:.0f} days, a pack lasts about {fits:.0f} ({use.basis})"
    if slow > o["sure"] and fits >= o["shortest"]:
        worth = max(yearly * (use.rate - 1 / rhythm), 0.0)
        return {"proposal": "more often", "days": days, "sure": slow, "worth": worth, "why": now}
    if slow > o["sure"]:
        worth = yearly / rhythm * (packs - 1)
        change = {"proposal": "other size", "days": rhythm, "packs": packs}
        return change | {"sure": slow, "worth": worth, "why": now}
    if fast > o["sure"]:
        word = "less often" if fits <= o["longest"] else "other size"
        change = {"proposal": word, "days": min(days, o["longest"]), "sure": fast}
        return change | {"worth": o["kept"] * yearly / fits, "why": now}
    return {"sure": 1 - slow - fast, "why": f"{now}: it fits"}


def _after_its_end(use: _Use, value: float, fits: float) -> dict[str, Any]:
    """Return the proposal for a subscription that ended: come back where the home still uses the product."""
    if use.basis in ("sensor", "uses") and use.idle < 7:
        worth = 365 * value * use.rate * 0.1
        return {
            "proposal": "resume",
            "days": fits,
            "sure": None,
            "worth": worth,
            "why": "ended, and the home still uses it",
        }
    return {"proposal": "keep", "why": "ended"}


def _sure(packs: float, doubt: float, tolerance: float) -> tuple[float, float]:
    """Return the chance that a delivery's time uses more than a pack by the tolerance, and less by it."""
    sd = max(doubt, 1e-3)
    middle = np.log(max(packs, 1e-6))
    return float(1 - ndtr((np.log1p(tolerance) - middle) / sd)), float(
        ndtr((np.log1p(-tolerance) - middle) / sd)
    )
