"""`hearthline report`."""

from pathlib import Path
from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption, at_home
from hearthline.cli._screen import print_json, results, show, table
from hearthline.schema.errors import BadConfig

__all__ = ["report"]


def report(
    name: Annotated[
        str | None, typer.Argument(help="Which; none lists them all.", show_default=False)
    ] = None,
    *,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="Write Parquet.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML page.")] = None,
) -> None:
    """Show a report: on the terminal, or as JSON, CSV, Parquet or one HTML page."""
    if name is None:
        _list(home, as_json=as_json)
        return
    if sum((as_json, csv, parquet is not None, html is not None)) > 1:
        raise BadConfig("report: several forms at once; choose one of --json, --csv, --parquet, --html")
    result = hl.open_home(home).report(name)
    if as_json:
        print_json(result.json())
    elif csv:
        typer.echo(result.csv(), nl=False)
    elif parquet is not None:
        from hearthline import render

        render.to_parquet(result.figure, parquet)
        show(f"wrote {parquet}")
    elif html is not None:
        html.write_text(result.html(), encoding="utf-8")
        show(f"wrote {html}")
    else:
        from hearthline import render

        render.to_terminal(result.figure, results(), at_home(home))


def _list(home: Path, *, as_json: bool) -> None:
    from hearthline import reports

    known = [(name, reports.load(name)) for name in reports.names()]
    if as_json:
        print_json(
            [
                {"name": n, "title": r.TITLE, "question": r.QUESTION, "definition": r.DEFINITION}
                for n, r in known
            ]
        )
        return
    results().print(table(("report", "what it answers"), [(name, r.QUESTION) for name, r in known]))
    show(f"next: hearthline report overview{at_home(home)}")
