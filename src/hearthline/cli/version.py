"""`hearthline version`, and what is known everywhere: `hearthline --version`."""

from typing import Annotated

import typer

import hearthline
from hearthline.cli._options import JsonOption
from hearthline.cli._screen import print_json, results
from hearthline.schema import SCHEMA_VERSION

__all__ = ["VersionOption", "version"]


def version(*, as_json: JsonOption = False) -> None:
    """Show the version of Hearthline, of the lake's schema and of what runs it."""
    import platform
    from importlib.metadata import version as installed

    told = {
        "hearthline": hearthline.__version__,
        "schema": SCHEMA_VERSION,
        "python": platform.python_version(),
        "duckdb": installed("duckdb"),
    }
    if as_json:
        print_json(told)
    else:
        results().print("  ".join(f"{name} {value}" for name, value in told.items()))


def _shown(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_shown, is_eager=True, help="Show the version and exit.")
]
