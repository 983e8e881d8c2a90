"""`hearthline plan`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption, at_home
from hearthline.cli._screen import print_json, results
from hearthline.schema.errors import BadConfig

if TYPE_CHECKING:
    from hearthline.schema.figure import Figure

__all__ = ["plan"]

plan = typer.Typer(help="What other budgets would bring, with intervals.", no_args_is_help=True)


@plan.command("move")
def move(
    percent: Annotated[float, typer.Argument(metavar="PERCENT", help="How much of its money.")],
    giver: Annotated[str, typer.Argument(metavar="FROM", help="The channel that gives.")],
    taker: Annotated[str, typer.Argument(metavar="TO", help="The channel that gets.")],
    *,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Say what moving a part of one channel's weekly money to another brings."""
    _print(hl.open_home(home).plans.move(percent / 100.0, giver, taker), home, as_json=as_json)


@plan.command("budget")
def budget(
    *,
    total: Annotated[
        float | None, typer.Option("--total", min=0.0, help="Money a week; default: as much as now.")
    ] = None,
    least: Annotated[
        list[str] | None, typer.Option("--min", metavar="CHANNEL=MONEY", help="At least so much a week.")
    ] = None,
    most: Annotated[
        list[str] | None, typer.Option("--max", metavar="CHANNEL=MONEY", help="At most so much a week.")
    ] = None,
    beyond: Annotated[
        bool, typer.Option("--beyond", help="Allow spends that the data never saw; they are marked.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Split a weekly budget so that it brings most, inside the range of the data."""
    figure = hl.open_home(home).plans.budget(total, _limits(least, "--min"), _limits(most, "--max"), beyond)
    _print(figure, home, as_json=as_json)


@plan.command("enrol")
def enrol(
    *,
    more: Annotated[float, typer.Option("--more", metavar="PERCENT", help="How much more money.")] = 20.0,
    displaced: Annotated[
        float | None,
        typer.Option("--displaced", metavar="PART", help="Part of the orders that would have come by hand."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Say what more money brings in enrolments, and over their lives."""
    _print(hl.open_home(home).plans.enrolments(more / 100.0, displaced), home, as_json=as_json)


def _limits(given: list[str] | None, option: str) -> dict[str, float]:
    found = {}
    for text in given or ():
        name, _, money = text.rpartition("=")
        try:
            found[name] = float(money)
        except ValueError:
            name = ""
        if not name:
            raise BadConfig(f"{option}: {text!r} is no limit; write CHANNEL=MONEY, such as smart-tv=100")
    return found


def _print(figure: "Figure", home: Path, *, as_json: bool) -> None:
    from hearthline import render

    if as_json:
        print_json(render.to_json(figure))
    else:
        render.to_terminal(figure, results(), at_home(home))
