"""`hearthline add`."""

from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._intake import PathsArgument, added, intake_rows, mapping_of, say_unread
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption, MapOption, SourceOption
from hearthline.cli._screen import print_json, results, show, stages, table

__all__ = ["add"]


def add(
    paths: PathsArgument,
    *,
    home: HomeOption = DEFAULT_HOME,
    mapping: MapOption = None,
    source: SourceOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with exit code 1 if anything is refused.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read files into the home, without making the answer anew."""
    opened = hl.init(home)
    with stages() as told:
        taken = added(opened, paths, mapping_of(mapping), source, told)
    say_unread(paths)
    if as_json:
        print_json(intake_rows(taken))
    else:
        heads = ("file", "read as", "read", "events", "rejects")
        rows = [tuple(row.values())[:5] for row in intake_rows(taken)]
        results().print(table(heads, rows, right=(2, 3, 4)))
        show(f"next: hearthline run --home {home}")
    if strict and any(i.rejects for i in taken):
        raise typer.Exit(1)
