"""The options that commands share."""

import os
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

__all__ = [
    "DEFAULT_HOME",
    "DEMO_MARK",
    "HomeOption",
    "JsonOption",
    "LimitOption",
    "MapOption",
    "SourceOption",
    "at_home",
]

DEFAULT_HOME = Path("hearthline-home")
DEMO_MARK = "demo.json"
"""A file in homes whose town is simulated: every answer about it says so."""

HomeOption = Annotated[
    Path,
    typer.Option("--home", envvar="HEARTHLINE_HOME", help="Folder of the home.", metavar="DIR"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Most rows to show.", metavar="N")]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Take a column for a field; may be repeated."),
]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", metavar="NAME", help="Platform of the payloads; default: by their shape."),
]


def at_home(home: Path) -> str:
    """Return what a command that is named to the reader needs behind it to be about this home.

    >>> at_home(DEFAULT_HOME), at_home(Path("my town"))
    ('', " --home 'my town'")
    """
    usual = os.environ.get("HEARTHLINE_HOME") or DEFAULT_HOME
    return "" if Path(usual) == Path(home) else f" --home {quote(str(home))}"
