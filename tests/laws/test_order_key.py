"""An order is known by its shop and its number: no query joins orders by the number alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import hearthline

ROOT = Path(hearthline.__file__).parent
NUMBER = r"(?:order_id|priced_order|conversion)\b"
JOINED = re.compile(rf"USING ?\([^)]*\border_id\b|\.{NUMBER} = \w+\.{NUMBER}")
TOLD = re.compile(r"shop|teller")


def bare(text: str) -> Iterator[str]:
    """Yield the lines that join by an order's number and say nothing of its shop."""
    for line in text.splitlines():
        if JOINED.search(line) and not TOLD.search(line):
            yield line.strip()


@pytest.mark.parametrize("kind", ["py", "sql"])
def test_whoever_joins_orders_joins_them_by_shop_and_number(kind: str) -> None:
    found = {str(f.relative_to(ROOT)): list(bare(f.read_text())) for f in ROOT.rglob(f"*.{kind}")}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "FROM touch_credits t JOIN orders o USING (order_id)",
        "LEFT JOIN refunds r ON o.order_id = r.order_id",
        "JOIN orders o ON o.order_id = j.conversion",
    ],
)
def test_a_planted_join_by_number_alone_is_caught(planted: str) -> None:
    assert list(bare(f"SELECT *\n  {planted}\n")) == [planted]
