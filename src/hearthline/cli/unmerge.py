"""`hearthline unmerge`."""

from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._changes import show_changes
from hearthline.cli._options import DEFAULT_HOME, HomeOption
from hearthline.cli._screen import show

__all__ = ["unmerge"]


def unmerge(
    link: Annotated[list[str], typer.Argument(help="A link's id, or its two identifiers.", metavar="LINK")],
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Let only events speak about the two again.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, in words.")] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Make the answer anew, and show what changed and what did not.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take back a link that is wrong: it stays on record and joins nothing from the next run on."""
    opened = hl.open_home(home)
    said = opened.unmerge(*link, undo=undo, reason=reason)
    words = "is as events show it" if undo else "no longer counts"
    show(f"Noted: what joins {said.left} and {said.right} {words} from the next `hearthline run` on.")
    if run:
        show_changes(opened, said)
