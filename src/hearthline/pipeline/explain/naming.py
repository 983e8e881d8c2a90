"""What an order is called: its number, or `number@shop` where several shops have that number."""

from collections.abc import Sequence
from typing import Any, Protocol

import pyarrow as pa

from hearthline.schema.errors import UnknownName

__all__ = ["Tables", "named", "order_called", "orders_called"]

Row = dict[str, Any]
_BY_NUMBER = "SELECT * FROM orders WHERE order_id = $order ORDER BY shop"
_BY_NAME = "SELECT * FROM orders WHERE order_id || '@' || shop = $order"
_SHARED = """
    SELECT order_id FROM orders WHERE order_id IN (SELECT unnest($numbers))
    GROUP BY order_id HAVING count(*) > 1"""
_LATEST = "SELECT order_id, shop FROM orders WHERE status = 'placed' ORDER BY time DESC LIMIT 1"
_SHOWN = 5


class Tables(Protocol):
    """An answer's tables, read by SQL."""

    def table(self, sql: str, parameters: dict[str, Any] | None = None) -> pa.Table:
        """Return the result of a SELECT; `$name` stands for a parameter."""
        ...


def named(answer: Tables, orders: Sequence[Row]) -> list[Row]:
    """Return rows with an `order_id` and a `shop`, each with the `name` that opens this order alone."""
    numbers = sorted({row["order_id"] for row in orders})
    shared = set(answer.table(_SHARED, {"numbers": numbers})["order_id"].to_pylist()) if numbers else set()
    return [row | {"name": _name(row) if row["order_id"] in shared else row["order_id"]} for row in orders]


def _name(row: Row) -> str:
    return f"{row['order_id']}@{row['shop']}"


def orders_called(answer: Tables, name: str) -> list[Row]:
    """Return the rows of `orders` with that number, or the one of that number and shop; by shop."""
    found: list[Row] = answer.table(_BY_NUMBER, {"order": name}).to_pylist()
    if not found and "@" in name:
        found = answer.table(_BY_NAME, {"order": name}).to_pylist()
    return found


def order_called(answer: Tables, name: str) -> Row:
    """Return the row of `orders` that a name tells.

    Raises:
        UnknownName: there is no such order, or several shops have one of that number.
    """
    found = orders_called(answer, name)
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(map(_name, found[:_SHOWN]))
        raise UnknownName(f"explain: {len(found)} shops have an order {name!r}; name one of them, {names}")
    near = named(answer, answer.table(_LATEST).to_pylist())
    hint = f"such as {near[0]['name']!r}" if near else "but it has none yet"
    raise UnknownName(f"explain: no order {name!r} in this answer; name one that there is, {hint}")
