"""`hearthline init`."""

from pathlib import Path
from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME
from hearthline.cli._screen import show

__all__ = ["init"]


def init(
    folder: Annotated[Path, typer.Argument(envvar="HEARTHLINE_HOME", metavar="[DIR]")] = DEFAULT_HOME,
) -> None:
    """Make a home: a folder with its settings, its lake and its answers."""
    from hearthline.cli._settings_file import write_settings

    home = hl.init(folder)
    new = write_settings(home.path / "hearthline.toml")
    show(f"{folder}: {'a new home, all settings at their defaults' if new else 'is a home already'}")
    show(f"next: hearthline run events.csv orders.csv --home {folder}")
