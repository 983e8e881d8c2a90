"""What moved after something was said about a link, and what did not."""

from decimal import Decimal
from typing import TYPE_CHECKING

import hearthline as hl
from hearthline.cli._screen import results, show, stages, table
from hearthline.schema import text

if TYPE_CHECKING:
    from hearthline.schema.records import Statement

__all__ = ["show_changes"]

_SHOWN = 20


def show_changes(home: "hl.Home", said: "Statement") -> None:
    """Make the answer anew and print the numbers before and after."""
    with stages() as told:
        found = home.changed_by(said, progress=told)
    moved = [c for c in found if c.moved]
    rows = [(c.what, _number(c.before), _number(c.after)) for c in moved[:_SHOWN]]
    if rows:
        results().print(table(("what changed", "before", "after"), rows, right=(1, 2)))
    else:
        show("no number changed")
    if len(moved) > _SHOWN:
        show(f"and {len(moved) - _SHOWN} more")
    same = [f"{c.what} {_number(c.after)}" for c in found if not c.moved]
    show(f"unchanged: {', '.join(same[:_SHOWN])}" if same else "nothing stayed as it was")


def _number(value: int | Decimal | None) -> str:
    if value is None:
        return text.MISSING
    return text.amount(value, "") if isinstance(value, Decimal) else text.count(value)
