"""`hearthline sql`."""

from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._rows import print_rows

__all__ = ["sql"]


def sql(
    query: Annotated[str, typer.Argument(help="A SELECT over the answer's tables.")],
    *,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Ask the answer's tables by SQL (DuckDB); docs/answer.md lists them."""
    print_rows(hl.open_home(home).sql(query), as_json=as_json)
