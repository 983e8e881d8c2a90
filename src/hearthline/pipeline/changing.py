"""Numbers of an answer before and after something was said about links: which move, and which do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder

__all__ = ["Change", "Numbers", "changes", "numbers"]

Numbers = dict[str, int | Decimal | None]

_WHOLE = {
    "households": "SELECT count(*) FROM households",
    "persons": "SELECT count(DISTINCT person) FROM identifiers",
    "orders": "SELECT count(*) FROM orders WHERE status = 'placed'",
    "net revenue": "SELECT sum(net) FROM orders WHERE status = 'placed'",
    "orders placed by machines": "SELECT count(*) FROM orders WHERE status = 'placed' AND kind = 'machine'",
    "credited": "SELECT sum(credited) FROM ledger WHERE model = (SELECT default_model FROM run)",
    "unattributed": "SELECT sum(unattributed) FROM ledger WHERE model = (SELECT default_model FROM run)",
}
_CREDIT = """SELECT channel, sum(amount)::DECIMAL(24, 6) AS amount FROM shares
    WHERE model = (SELECT default_model FROM run) GROUP BY channel ORDER BY channel"""
_HOMES = """SELECT i.id, h.persons, h.identifiers, count(o.order_id) AS orders, coalesce(sum(o.net), 0) AS net
    FROM identifiers i JOIN households h USING (unit)
    LEFT JOIN orders o ON o.unit = h.unit AND o.status = 'placed'
    WHERE i.id IN (SELECT id FROM looked_at) GROUP BY ALL ORDER BY i.id"""


@dataclass(frozen=True, slots=True)
class Change:
    """One number before and after."""

    what: str
    before: int | Decimal | None
    after: int | Decimal | None

    @property
    def moved(self) -> bool:
        """Whether it is another now."""
        return self.before != self.after


def numbers(home: HomeFolder, ids: Sequence[str] = ()) -> Numbers:
    """Return the numbers of the current answer: of the whole, of each channel, of the homes of identifiers.

    Args:
        home: a home with an answer.
        ids: identifiers as stored.
    """
    answer = PublishedAnswer(home)
    try:
        found: Numbers = {name: answer.table(sql).column(0)[0].as_py() for name, sql in _WHOLE.items()}
        for row in answer.table(_CREDIT).to_pylist():
            found[f"credit of {row['channel']}"] = row["amount"]
        answer.connection.register("looked_at", pa.table({"id": pa.array(ids, pa.string())}))
        for row in answer.table(_HOMES).to_pylist():
            for part, said in (("persons", "persons"), ("identifiers", "identifiers"), ("orders", "orders")):
                found[f"home of {row['id']}: {said}"] = row[part]
            found[f"home of {row['id']}: net revenue"] = row["net"]
        return found
    finally:
        answer.close()


def changes(before: Numbers, after: Numbers) -> list[Change]:
    """Return each number before and after, those that moved first."""
    every = [Change(name, before.get(name), after.get(name)) for name in {**before, **after}]
    return sorted(every, key=lambda c: not c.moved)
