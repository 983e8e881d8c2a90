"""One household opened: who lives there, with what, why we think so, since when, and what hangs on it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp
from typing import Any

import duckdb

from hearthline.pipeline.explain.naming import Tables, named, order_called, orders_called
from hearthline.pipeline.explain.stakes import stakes
from hearthline.pipeline.identities import in_use
from hearthline.schema.errors import UnknownName
from hearthline.schema.select import selects
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder

__all__ = ["Household", "LinkExplanation", "Tables", "explain_household", "explain_link", "staked_links"]

Row = dict[str, Any]
_PARTS = ("persons", "devices", "links", "orders", "credit", "changes", "signals", "readings")
_NAMES = (
    *(f"household_{part}" for part in (*_PARTS, "actors")),
    "household",
    "link",
    "link_between",
    "link_events",
)
_SQL = {s.table: s.sql for s in selects("hearthline.pipeline.explain", *_NAMES, "link_statements")}


@dataclass(frozen=True, slots=True)
class Household:
    """One household opened.

    Attributes:
        household: its row of `households`, with its orders and their net revenue.
        persons: who could be told apart, by what, since when.
        devices: what stands or is carried there, from when to when.
        links: why: each piece of evidence, used or not; `at_stake` is the net revenue that would leave the
            household if the link were wrong, `moves` how many identifiers would; None where it is not used;
            `sure` is the probability that it is right, as its weight says.
        orders: its orders, oldest first; `name` opens one of them (`explain`); `actors` says who placed
            each: probabilities of `person`, `unknown` and `machine` that sum to 1, and what they rest on.
        credit: what each actor did on shared devices, placed and earned: expected values, whose intervals
            hold the doubt about who it was. Sums over the household do not depend on it.
        changes: when its key was merged, split or moved.
        signals: what signals say of it: supplies, risk, alarms, states, each with what it rests on.
        readings: the newest readings, uses, errors and calls for help behind them, at most 40.
    """

    household: Row
    persons: list[Row]
    devices: list[Row]
    links: list[Row]
    orders: list[Row]
    credit: list[Row]
    changes: list[Row]
    signals: list[Row]
    readings: list[Row]


@dataclass(frozen=True, slots=True)
class LinkExplanation:
    """One link opened.

    Attributes:
        links: the link, or all links between the two identifiers; with `at_stake` and `moves`.
        statements: what was said about the two by hand or by a model, newest first.
        events: events that show it, newest first, at most 20.
    """

    links: list[Row]
    statements: list[Row]
    events: list[Row]


def explain_household(home: HomeFolder, name: str) -> Household:
    """Return the household of a key, or of an identifier or an order; see `Home.explain_household`."""
    answer = PublishedAnswer(home)
    try:
        unit = _unit(answer, *_names(home, name))
        parts = {part: _rows(answer, f"household_{part}", unit=unit) for part in _PARTS}
        parts["orders"] = named(answer, parts["orders"])
        placed = _rows(answer, "household_actors", unit=unit)
        (about,) = _rows(answer, "household", unit=unit) or [{"unit": unit}]
    finally:
        answer.close()
    parts["links"] = _with_stakes(parts["links"], parts["orders"])
    by_order: dict[tuple[str, str], list[Row]] = {}
    for row in placed:
        by_order.setdefault((row.pop("shop"), row.pop("order_id")), []).append(row)
    for order in parts["orders"]:
        order["actors"] = by_order.get((order["shop"], order["order_id"]), [])
    return Household(about, **parts)


def explain_link(home: HomeFolder, ends: tuple[str, ...]) -> LinkExplanation:
    """Return a link by its id, or all links between two identifiers; see `Home.explain_link`."""
    answer = PublishedAnswer(home)
    try:
        if len(ends) == 1:
            found = _rows(answer, "link", link=ends[0])
        else:
            left, right = in_use(home, ends)
            found = _rows(answer, "link_between", left=left, right=right)
        if not found:
            raise UnknownName(
                "explain: no such link in this answer; `hearthline explain household H` lists a home's links"
            )
        left, right = found[0]["left_id"], found[0]["right_id"]
        unit = _unit(answer, left)
        staked = {k["link"]: k for k in staked_links(answer, unit)}
        stay = found[0]["kind"] == "lives_with"
        return LinkExplanation(
            links=[staked.get(k["link"], k) for k in found],
            statements=_rows(answer, "link_statements", left=left, right=right),
            events=_rows(answer, "link_events", left=left, right=right, stay=stay),
        )
    finally:
        answer.close()


def staked_links(answer: Tables, unit: int) -> list[Row]:
    """Return the links of a household, what hangs on most first, with `sure`, `at_stake` and `moves`."""
    orders = _rows(answer, "household_orders", unit=unit)
    return _with_stakes(_rows(answer, "household_links", unit=unit), orders)


def _rows(answer: Tables, name: str, **parameters: Any) -> list[Row]:
    try:
        rows: list[Row] = answer.table(_SQL[name], parameters).to_pylist()
    except duckdb.CatalogException:  # an answer of an earlier version
        if name != "household_signals":
            raise
        return []
    return rows


def _names(home: HomeFolder, name: str) -> tuple[str, ...]:
    """Return what was asked for, and how it is stored where it is an identifier."""
    namespace, _, value = name.partition(":")
    return (name, *in_use(home, [name])) if namespace and value else (name,)


def _unit(answer: PublishedAnswer, *names: str) -> int:
    """Return the household's key that a key, an identifier or an order leads to.

    Raises:
        UnknownName: nothing of that name is known, or orders of several households are called so.
    """

    def by(sql: str) -> Callable[[str], list[int]]:
        return lambda name: answer.table(sql, {"name": name})["unit"].to_pylist()

    asked = (
        by("SELECT unit FROM households WHERE CAST(unit AS VARCHAR) = $name"),
        by("SELECT unit FROM identifiers WHERE id = $name"),
        lambda name: _of_order(answer, name),
        by("SELECT unit FROM households WHERE label = $name"),
    )
    for units_of in asked:
        for name in names:
            found = units_of(name)
            if found:
                return int(found[0])
    near = answer.table("SELECT unit FROM households ORDER BY events DESC, unit LIMIT 1")["unit"].to_pylist()
    hint = f"such as {near[0]}" if near else "but it has none yet"
    raise UnknownName(f"explain: no such household here; name its key, {hint}, an identifier or an order")


def _of_order(answer: Tables, name: str) -> list[int]:
    """Return the household of an order's name; empty where there is none."""
    units = {order["unit"] for order in orders_called(answer, name)} - {None}
    return list(units) if len(units) < 2 else [order_called(answer, name)["unit"]]


def _with_stakes(links: list[Row], orders: list[Row]) -> list[Row]:
    told = {place: (money, moves) for place, money, moves in stakes(links, orders)}
    rows = []
    for place, link in enumerate(links):
        money, moves = told.get(place, (None, None))
        sure = 1 / (1 + exp(-min(link["weight"], 40.0)))
        rows.append(link | {"at_stake": money, "moves": moves, "sure": sure})
    return sorted(rows, key=lambda k: (k["state"] != "used", -(k["at_stake"] or 0), -k["weight"], k["link"]))
