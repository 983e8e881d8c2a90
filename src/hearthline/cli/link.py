"""`hearthline link`."""

from typing import Annotated, Literal

import typer

import hearthline as hl
from hearthline.cli._changes import show_changes
from hearthline.cli._options import DEFAULT_HOME, HomeOption
from hearthline.cli._screen import show

__all__ = ["link"]


def link(
    one: Annotated[str, typer.Argument(help="An identifier, NAMESPACE:VALUE.", metavar="ONE")],
    other: Annotated[str, typer.Argument(help="The other one.", metavar="OTHER")],
    *,
    not_same: Annotated[bool, typer.Option("--not-same", help="Say that they are not one.")] = False,
    level: Annotated[
        str, typer.Option("--level", metavar="person|household", help="One person, or one household.")
    ] = "household",
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, in words.")] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Make the answer anew, and show what changed and what did not.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say that two identifiers are one household or person, or are not; the next run heeds it."""
    chosen: Literal["person", "household"] = "person" if level == "person" else "household"
    if level not in ("person", "household"):
        raise typer.BadParameter("choose person or household", param_hint="--level")
    opened = hl.open_home(home)
    said = opened.link(one, other, not_same=not_same, level=chosen, reason=reason)
    words = "are not one" if not_same else "are one"
    show(
        f"Noted: {said.left} and {said.right} {words} {chosen}. It counts from the next `hearthline run` on."
    )
    if chosen == "person" and not not_same and _namespace(said.left) == _namespace(said.right):
        show(
            f"Two of {_namespace(said.left)} are never joined by what events show, where that is a login; "
            "what you say is. The link's note says so."
        )
    if run:
        show_changes(opened, said)


def _namespace(identifier: str) -> str:
    return identifier.partition(":")[0]
