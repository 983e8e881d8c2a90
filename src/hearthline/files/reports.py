"""Tables that are a platform's own report: the rows of one order are one payload for its source.

A payload is `{"report": [row, ...]}`, each row with the columns that are filled, named in lower case with
hyphens. A row that cannot be split is a payload of its own, `{"report": [], "broken": ..., "wrong": ...}`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hearthline.files.delimited import Dialect, batches

__all__ = ["is_report", "orders"]

_NUMBERS = ("amazon-order-id", "order-id")
_BESIDE = frozenset(("order-item-id", "amazon-rma-id", "license-plate-number", "fulfillment-center-id"))


def spelled(column: str) -> str:
    """Return a column's name as the reports of Amazon's API spell it.

    >>> spelled("Amazon RMA ID"), spelled("purchase-date")
    ('amazon-rma-id', 'purchase-date')
    """
    return re.sub(r"[^a-z0-9]+", "-", column.lower()).strip("-")


def is_report(header: Sequence[str]) -> bool:
    """Return whether the columns are those of a report of orders, shipments or returns by Amazon.

    >>> is_report(["amazon-order-id", "purchase-date", "asin"]), is_report(["order_id", "asin", "ts"])
    (True, False)
    """
    names = {spelled(name) for name in header}
    return names >= {"amazon-order-id", "purchase-date"} or ("order-id" in names and bool(names & _BESIDE))


def orders(path: Path, dialect: Dialect, encoding: str | None) -> Iterator[tuple[int, bytes]]:
    """Yield (line, JSON bytes): the rows of each order together, in the order in which they appear."""
    names = [spelled(name) for name in dialect.header]
    number = next(name for name in _NUMBERS if name in names)
    held: dict[str, tuple[int, list[dict[str, str]]]] = {}
    for batch in batches(path, dialect, encoding):
        rows = batch.table.rename_columns(names).to_pylist()
        for line, row in zip(batch.lines.tolist(), rows, strict=True):
            filled = {name: value for name, value in row.items() if value is not None}
            held.setdefault(filled.get(number) or f"line {line}", (line, []))[1].append(filled)
        yield from _written(held, keep=next(reversed(held), None))
        for reject in batch.rejects:
            broken = {"report": [], "broken": reject.raw.decode("utf-8", "replace"), "wrong": reject.wrong}
            yield int(reject.place.split(":")[-2]), msgspec.json.encode(broken)
    yield from _written(held, keep=None)


def _written(
    held: dict[str, tuple[int, list[dict[str, str]]]], keep: str | None
) -> Iterator[tuple[int, bytes]]:
    """Yield and forget the orders that are held, but for the one whose rows may go on."""
    for order in [order for order in held if order != keep]:
        line, rows = held.pop(order)
        payload: dict[str, Any] = {"report": rows}
        yield line, msgspec.json.encode(payload)
