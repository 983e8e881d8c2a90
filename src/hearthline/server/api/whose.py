"""Who it was, as probabilities: of one order, and of what happened on each kind of device of a home.

Persons are told apart by a number within their home, the one who did most first; a name is never shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hearthline.server.api.shelf import Shelf

__all__ = ["Whose", "of_home", "of_order", "of_orders"]

Row = dict[str, Any]
_SESSIONS = """
    SELECT kind, actor, person, sum(probability) AS expected, any_value(basis) AS basis,
           (SELECT count(DISTINCT time) FROM actors b WHERE b.unit = $unit AND b.kind = a.kind) AS sessions
    FROM actors a WHERE unit = $unit GROUP BY kind, actor, person ORDER BY kind, expected DESC"""
_MONEY = """
    SELECT actor, person, orders, revenue, revenue_low, revenue_high, credit, credit_low, credit_high
    FROM person_credit WHERE unit = $unit
    ORDER BY actor = 'unknown', actor = 'machine', revenue DESC, person"""
_ORDERS = """SELECT shop, order_id, actor, person, probability, basis FROM order_actors WHERE unit = $unit
            ORDER BY shop, order_id, probability DESC, person"""
_ORDER = """SELECT unit, actor, person, probability, basis FROM order_actors
            WHERE shop = $shop AND order_id = $order ORDER BY probability DESC, person"""


@dataclass(frozen=True, slots=True)
class Whose:
    """Who did what in one home.

    Attributes:
        persons: one row an actor: expected orders, revenue and credit, with 90 % intervals.
        devices: one row a kind of device: how many sessions, and each actor's part of them.
    """

    persons: list[Row]
    devices: list[Row]


def _numbered(sessions: Sequence[Row], money: Sequence[Row]) -> dict[Any, str]:
    done: dict[Any, float] = {}
    for row in (*sessions, *money):
        if row["person"] is not None:
            done[row["person"]] = done.get(row["person"], 0.0) + float(row.get("expected") or 0.0)
    ranked = sorted(done, key=lambda p: (-done[p], p))
    return {person: f"Person {i}" for i, person in enumerate(ranked, 1)}


def _called(row: Row, names: dict[Any, str]) -> str:
    return {"machine": "A machine", "unknown": "Nobody known"}.get(
        row["actor"], names.get(row["person"], "A person")
    )


def of_home(shelf: Shelf, unit: int) -> Whose:
    """Return who did what in a household; both lists are empty where nobody did anything."""
    sessions, money = shelf.rows(_SESSIONS, unit=unit), shelf.rows(_MONEY, unit=unit)
    names = _numbered(sessions, money)
    devices: dict[str, Row] = {}
    for row in sessions:
        found = devices.setdefault(row["kind"], {"kind": row["kind"], "sessions": row["sessions"], "who": []})
        part = row["expected"] / row["sessions"] if row["sessions"] else 0.0
        found["who"].append({"actor": _called(row, names), "part": part, "basis": row["basis"]})
    for found in devices.values():
        found["who"].sort(key=lambda w: w["actor"].replace("Nobody", "~"))
    persons = [{"who": _called(r, names), **{k: v for k, v in r.items() if k != "person"}} for r in money]
    return Whose(persons, sorted(devices.values(), key=lambda d: (-len(d["who"]), -d["sessions"], d["kind"])))


def of_orders(shelf: Shelf, unit: int) -> dict[tuple[str, str], list[Row]]:
    """Return who may have placed each order of a household, by shop and number, as `of_home` numbers them.

    The likeliest comes first.
    """
    names = _numbered(shelf.rows(_SESSIONS, unit=unit), shelf.rows(_MONEY, unit=unit))
    found: dict[tuple[str, str], list[Row]] = {}
    for row in shelf.rows(_ORDERS, unit=unit):
        said = {"who": _called(row, names), "probability": row["probability"], "basis": row["basis"]}
        found.setdefault((row["shop"], row["order_id"]), []).append(said)
    return found


def of_order(shelf: Shelf, order: Row) -> list[Row]:
    """Return who may have placed a row of `orders`, likeliest first; empty where no household is known."""
    found = shelf.rows(_ORDER, shop=order["shop"], order=order["order_id"])
    if not found:
        return []
    unit = found[0]["unit"]
    names = _numbered(shelf.rows(_SESSIONS, unit=unit), shelf.rows(_MONEY, unit=unit))
    return [{"who": _called(r, names), "probability": r["probability"], "basis": r["basis"]} for r in found]
