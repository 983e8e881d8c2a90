"""Why one order got the credit it got, opened down to touches, links, lineage and consents."""

from dataclasses import dataclass
from typing import Any

from hearthline.pipeline.explain.household import (
    Household,
    LinkExplanation,
    Tables,
    explain_household,
    explain_link,
    staked_links,
)
from hearthline.pipeline.explain.naming import named, order_called, orders_called
from hearthline.schema.select import selects
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder

__all__ = [
    "EXPLAINING",
    "Explanation",
    "Household",
    "LinkExplanation",
    "explain",
    "explain_household",
    "explain_link",
    "explained",
    "named",
    "orders_called",
    "staked_links",
]

Row = dict[str, Any]
_NAMES = (
    *("enrolment", "touches", "credits", "totals", "links", "consents", "events"),
    *("household_signals", "household_readings"),
)
EXPLAINING = {s.table: s.sql for s in selects(__name__, *_NAMES)}
"""The SELECT of each part, by its name."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One order opened.

    Attributes:
        order: the order as a row of `orders`.
        enrolment: the decision behind a machine-placed order with its ledger, else None.
        touches: touches of the journey (to the order, or to its enrolment), oldest first; `credit` holds
            what each model gave it.
        totals: per model: `credited` and `unattributed` of this order.
        links: evidence that holds the household together, at most 50.
        consents: what was said about consent in the household's events, and how often.
        events: the events of the order itself, with where the raw input lies.
    """

    order: Row
    enrolment: Row | None
    touches: list[Row]
    totals: list[Row]
    links: list[Row]
    consents: list[Row]
    events: list[Row]


def explain(home: HomeFolder, order: str) -> Explanation:
    """Return the explanation of an order; see `Home.explain`."""
    answer = PublishedAnswer(home)
    try:
        return explained(answer, order)
    finally:
        answer.close()


def explained(answer: Tables, order: str) -> Explanation:
    """Return the explanation of an order, from tables that are open already."""
    row = order_called(answer, order)
    key = {"order": row["order_id"], "shop": row["shop"]}
    decision = _rows(answer, "enrolment", enrolment=row["enrolment"]) if row["enrolment"] else []
    housed = row["unit"] is not None
    return Explanation(
        order=row,
        enrolment=decision[0] if decision else None,
        touches=_touches(answer, row, decision[0] if decision else None) if housed else [],
        totals=_rows(answer, "totals", **key),
        links=_rows(answer, "links", unit=row["unit"]) if housed else [],
        consents=_rows(answer, "consents", unit=row["unit"]) if housed else [],
        events=_rows(answer, "events", **key),
    )


def _rows(answer: Tables, name: str, **parameters: Any) -> list[Row]:
    rows: list[Row] = answer.table(EXPLAINING[name], parameters).to_pylist()
    return rows


def _touches(answer: Tables, order: Row, decision: Row | None) -> list[Row]:
    end = (decision or order)["time"]
    touches = _rows(
        answer,
        "touches",
        unit=order["unit"],
        end_ms=int(end.timestamp() * 1000),
        to_order=decision is None,
    )
    earned = {
        (c["place"], c["time_ms"], c["model"]): c["amount"]
        for c in _rows(answer, "credits", order=order["order_id"], shop=order["shop"])
    }
    models = {model for _, _, model in earned}
    for touch in touches:
        at = round(touch["time"].timestamp() * 1000)
        near = [(touch["place"], at + off) for off in (0, -1, 1)]
        touch["credit"] = {m: earned[p, t, m] for m in models for p, t in near if (p, t, m) in earned}
    return touches
