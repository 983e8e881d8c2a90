"""Subscriptions: which fit the home's use, which do not, and what mending them is worth."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import made, schema, sorted_by
from hearthline.signals._needs import Use, uses_of

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Subscriptions"
TELLS: Final = (
    "For each running subscription its rhythm against the home's use, and a proposal: keep, more often, less "
    "often, another size, skip the next, pause, resume; with how sure it is and what it is worth a year."
)
PAPER: Final = (
    "the interval in which a pack is used, with its doubt, against the rhythm; worth is deliveries gained, "
    "or kept less those given up, at the value of the subscription's own orders"
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
    "free_hand": """
        SELECT o.unit, count(*) AS orders, (max(epoch(o.time)) - min(epoch(o.time))) / 86400 AS days
        FROM orders o
        WHERE o.kind = 'person' AND o.status = 'placed' AND o.unit IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM enrolments e WHERE e.unit = o.unit AND e.time <= o.time)
        GROUP BY o.unit HAVING count(*) > 2
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
        seldom=(pa.float64(), "chance that it comes too seldom, by more than the tolerance; null: not known"),
        often=(pa.float64(), "chance that it comes too often, by more than the tolerance; null: not known"),
        sure=(pa.float64(), "chance that the rhythm is wrong by more than the tolerance, in that direction"),
        worth=(
            pa.float64(),
            "net revenue a year with the proposal less without; negative: deliveries given up cost more",
        ),
        why=(pa.string(), "the proposal in words"),
    )
}
OPTIONS: Final = {"tolerance": 0.2, "sure": 0.8, "idle": 3.0, "kept": 0.25, "shortest": 7.0, "longest": 84.0}
_RHYTHMS: Final = np.array([7.0, 10, 14, 21, 28, 35, 42, 56, 70, 84])


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `subscriptions`, one row a subscription, sorted by its id.

    Options: `tolerance` within which a rhythm fits; `sure` how sure a change must be to be proposed; `idle`
    so many usual intervals without any use mean a pause; `kept` the part of the year's revenue of a
    subscription that comes too often which mending is assumed to keep; `shortest` and `longest` rhythm in
    days.
    """
    rows = sorted_by(seen["standing"], "enrolment_id")
    uses = uses_of(rows, seen, asked)
    told = [_proposal(row, use, asked) for row, use in zip(rows.to_pylist(), uses, strict=True)]
    columns = {f.name: pa.array([t[f.name] for t in told], f.type) for f in TABLES["subscriptions"]}
    return {"subscriptions": made(TABLES["subscriptions"], columns)}


def _proposal(row: dict[str, Any], use: Use, asked: Asked) -> dict[str, Any]:
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
        "seldom": None,
        "often": None,
        "sure": None,
        "worth": 0.0,
    }
    if row["ended"] is not None and row["ended"] <= asked.as_of:
        return told | _after_its_end(use, row["value"] or 0.0, fits)
    if row["rhythm"] is not None:
        chances = _sure(row["rhythm"] * use.rate, use.doubt, asked.options["tolerance"])
        told |= dict(zip(("seldom", "often"), chances, strict=True))
    if row["rhythm"] is None or use.basis == "fleet":
        return told | {"proposal": "watch", "why": "not enough is known of this home's use yet"}
    return told | (_stopping(row, use, asked) or _pacing(row, use, asked))


def _stopping(row: dict[str, Any], use: Use, asked: Asked) -> dict[str, Any] | None:
    """Return the proposal to skip the next delivery or to pause, where a sensor shows that none is needed."""
    if use.packs is None:
        return None
    kept, value, rhythm = asked.options["kept"], row["value"] or 0.0, row["rhythm"]
    if use.idle > asked.options["idle"] * max(rhythm, 1 / max(use.rate, 1e-6)):
        worth = kept * 365 * value / rhythm - value * use.idle / rhythm  # as long again without a delivery
        return {"proposal": "pause", "worth": worth, "why": f"no use for {use.idle:.0f} days"}
    lasts = use.packs / max(use.rate, 1e-6)
    if lasts > 2 * rhythm * (1 + asked.options["tolerance"]):
        why = f"comes every {rhythm:.0f} days, and what is there lasts {lasts:.0f}"
        return {"proposal": "skip", "worth": kept * 365 * value / rhythm - value, "why": why}
    return None


def _pacing(row: dict[str, Any], use: Use, asked: Asked) -> dict[str, Any]:
    """Return the proposal of a rhythm or a size that fits the use."""
    o, rhythm, fits = asked.options, row["rhythm"], 1 / max(use.rate, 1e-6)
    slow, fast = _sure(rhythm * use.rate, use.doubt, o["tolerance"])
    days = float(_RHYTHMS[np.argmin(np.abs(np.log(_RHYTHMS / fits)))])
    yearly, packs = 365 * (row["value"] or 0.0), int(np.ceil(rhythm * use.rate))
    now = f"comes every {rhythm:.0f} days, a pack lasts about {fits:.0f} ({_known(use)})"
    if slow > o["sure"] and fits >= o["shortest"]:
        worth = max(yearly * (use.rate - 1 / rhythm - use.topped), 0.0)  # what is topped up by hand is sold
        return {"proposal": "more often", "days": days, "sure": slow, "worth": worth, "why": now}
    if slow > o["sure"]:
        worth = yearly / rhythm * (packs - 1)
        change = {"proposal": "other size", "days": rhythm, "packs": packs}
        return change | {"sure": slow, "worth": worth, "why": now}
    if fast > o["sure"]:
        word = "less often" if fits <= o["longest"] else "other size"
        change = {"proposal": word, "days": min(days, o["longest"]), "sure": fast}
        given_up = yearly * (1 / rhythm - 1 / fits)
        return change | {"worth": o["kept"] * yearly / rhythm - given_up, "why": now}
    return {"sure": 1 - slow - fast, "why": f"{now}: it fits"}


def _known(use: Use) -> str:
    """Return in words what a home's use is known from."""
    if use.basis == "before" and use.covered is not None:
        return f"before; where use is known, orders by hand cover {use.covered:.0%} of it"
    return use.basis


def _after_its_end(use: Use, value: float, fits: float) -> dict[str, Any]:
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
