"""`hearthline match`."""

from pathlib import Path
from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._screen import print_json, show
from hearthline.schema import text

__all__ = ["match"]


def match(
    records: Annotated[Path, typer.Argument(help="CSV, Parquet or JSON: id and what is known of each.")],
    *,
    precision: Annotated[
        float, typer.Option("--precision", min=0.5, max=1.0, help="What part of the pairs must be right.")
    ] = 0.995,
    consent: Annotated[
        str | None, typer.Option("--consent", metavar="TEXT", help="The basis on which they may be linked.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="duckdb|spark", help="Who compares.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be found; keep nothing.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Find identifiers that are one person by records about them (Splink); the next run heeds it."""
    if engine not in (None, "duckdb", "spark"):
        raise typer.BadParameter("choose duckdb or spark", param_hint="--engine")
    found = hl.open_home(home).match(
        records, precision=precision, consent=consent, engine=engine, dry_run=dry_run
    )
    if as_json:
        names = ("records", "pairs", "threshold", "precision", "held_back", "written", "rule")
        print_json({name: getattr(found, name) for name in names})
        return
    whole, pairs = text.plural(found.records, "record"), text.plural(found.pairs, "pair")
    show(f"{whole}: {pairs} are one person ({found.rule})")
    if found.precision is not None:
        right = f"{found.precision:.2%} of them are right as the model estimates it"
        show(f"{right}; taken from a probability of {found.threshold:.3f} on")
    if found.held_back:
        show(f"{text.plural(found.held_back, 'pair')} held back: two logins, or said not to be one")
    if dry_run:
        show("nothing was kept")
    elif found.written:
        show(f"{text.plural(found.written, 'statement')} kept; they count from the next `hearthline run` on")
    else:
        show("nothing that was not known")
