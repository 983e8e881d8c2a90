"""`hearthline events`."""

from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption, LimitOption
from hearthline.cli._rows import print_rows
from hearthline.cli._screen import show

__all__ = ["events"]

_COLUMNS = (
    "time",
    "type",
    "touch_channel",
    "device_kind",
    "commerce_order",
    "commerce_total",
    "source",
    "id",
)


def events(
    *,
    where: Annotated[str, typer.Option("--where", help="SQL condition on the event's fields.")] = "TRUE",
    limit: LimitOption = 20,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show events as they lie in the lake, newest first."""
    rows = hl.open_home(home).events(where, limit)
    if not as_json:
        rows = rows.select([c for c in _COLUMNS if c in rows.column_names])
    print_rows(rows, as_json=as_json)
    if rows.num_rows == limit and not as_json:
        show(f"the newest {limit}; --limit shows more, --json every field")
