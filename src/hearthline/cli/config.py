"""`hearthline config`."""

from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._screen import print_json, results, table

__all__ = ["config"]

config = typer.Typer(help="Show the settings in force.", no_args_is_help=True)


@config.command("show")
def show(
    *,
    home: HomeOption = DEFAULT_HOME,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show every setting in force: defaults, hearthline.toml, environment."""
    told = list(hl.open_home(home).setting_origins())
    if as_json:
        print_json([{"setting": name, "value": value, "origin": where} for name, value, where in told])
        return
    heads = ("setting", "value", "origin") if origin else ("setting", "value")
    rows = [(name, _said(value), where)[: len(heads)] for name, value, where in told]
    results().print(table(heads, rows))


def _said(value: object) -> str:
    return "–" if value in (None, [], {}, ()) else str(value)
