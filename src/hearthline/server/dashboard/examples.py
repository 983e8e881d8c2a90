"""Homes and orders worth opening first: each shows one thing that only a household tells."""

from functools import lru_cache
from typing import Any, NamedTuple

from hearthline.pipeline import named
from hearthline.server.api.forms import quoted
from hearthline.server.api.shelf import Shelf

__all__ = ["Example", "of"]


class Example(NamedTuple):
    """One way in: what it shows, why it is worth it, and where it lies."""

    title: str
    why: str
    path: str


_LOOKED: tuple[tuple[str, str, str, str], ...] = (
    (
        "A machine's order, owed to a person's decision",
        "The last touch before the order earned nothing: credit goes to what led to the enrolment.",
        "/orders/{}",
        """SELECT o.order_id, o.shop FROM orders o JOIN touch_credits t USING (shop, order_id)
           WHERE o.kind = 'machine' AND o.status = 'placed' AND o.cycle > 1
             AND t.model = (SELECT default_model FROM run) AND t.amount > 0
           GROUP BY o.order_id, o.shop, o.net HAVING o.net > 0
           ORDER BY count(*) BETWEEN 3 AND 8 DESC, sum(t.amount) / o.net DESC, o.order_id, o.shop LIMIT 1""",
    ),
    (
        "An order after many touches on several devices",
        "See where the models differ: last touch gives all to one, others share it out.",
        "/orders/{}",
        """SELECT o.order_id, o.shop FROM journeys j
           JOIN orders o ON o.shop = j.shop AND o.order_id = j.conversion
           WHERE j.kind = 'order' AND o.kind = 'person' AND j.touches BETWEEN 5 AND 10
           ORDER BY o.net DESC, o.order_id, o.shop LIMIT 1""",
    ),
    (
        "A home whose devices are shared",
        "Several persons live here; no touch silently becomes one of them.",
        "/household/{}",
        """SELECT h.unit FROM households h JOIN orders o USING (unit) WHERE h.persons > 1 AND h.devices > 1
           GROUP BY h.unit, h.devices, h.events ORDER BY h.devices DESC, count(*) DESC, h.unit LIMIT 1""",
    ),
    (
        "A device that moved to another home",
        "Before the day it moved, its touches belong to the one home; after it, to the other.",
        "/household/{}",
        """SELECT max(unit) FROM devices GROUP BY device HAVING count(DISTINCT unit) > 1
           ORDER BY device LIMIT 1""",
    ),
)


@lru_cache(maxsize=2)
def of(shelf: Shelf) -> tuple[Example, ...]:
    """Return the examples that this answer has; looked for once an answer."""
    found: list[Example] = []
    for title, why, path, sql in _LOOKED:
        rows: list[dict[str, Any]] = shelf.rows(sql)
        if rows:
            if "shop" in rows[0]:
                rows = [{"name": quoted(row["name"])} for row in named(shelf, rows)]
            found.append(Example(title, why, path.format(next(iter(rows[0].values())))))
    return tuple(found)
