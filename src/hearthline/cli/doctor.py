"""`hearthline doctor`."""

from dataclasses import asdict

import typer
from rich.text import Text

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._screen import print_json, results, table

__all__ = ["doctor"]

_MARKS = {"ok": Text("✓ ok", "green"), "note": Text("· note", "yellow"), "ill": Text("✗ ill", "bold red")}


def doctor(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Check this home and this machine; what is ill comes with its cure, and exit code 1."""
    checks = hl.open_home(home).doctor()
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        rows = [(_MARKS[c.state], c.name, c.found, c.cure) for c in checks]
        results().print(table(("", "what", "found", "cure"), rows))
    if any(check.state == "ill" for check in checks):
        raise typer.Exit(1)
