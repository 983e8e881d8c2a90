"""`hearthline run`."""

from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._intake import added, mapping_of, say_unread
from hearthline.cli._options import DEFAULT_HOME, DEMO_MARK, HomeOption, JsonOption, MapOption, SourceOption
from hearthline.cli._screen import stages
from hearthline.schema.errors import BadConfig

__all__ = ["run"]


def run(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATHS...]",
            help="Files, folders or globs: CSV, Parquet, NDJSON, JSON; gz or zst. None: what the home has.",
            show_default=False,
        ),
    ] = None,
    *,
    home: HomeOption = DEFAULT_HOME,
    mapping: MapOption = None,
    source: SourceOption = None,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="duckdb|spark", help="What runs it.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with exit code 1 if anything was refused.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read files if any are given, make the answer, and show it with the path of report.html."""
    from hearthline.cli._first_answer import first_answer, print_first_answer, write_page

    if engine not in (None, "duckdb", "spark"):
        raise BadConfig(f"--engine: no engine named {engine!r}; choose one of duckdb, spark")
    opened = hl.init(home) if paths else hl.open_home(home)
    with stages() as told:
        taken = added(opened, paths, mapping_of(mapping), source, told) if paths else []
        opened.run(engine, progress=told, demo=(opened.path / DEMO_MARK).exists())
        told("writing report.html")
        page = write_page(opened)
        answer = first_answer(opened, taken)
    say_unread(paths or ())
    print_first_answer(opened, answer, page, as_json=as_json)
    if strict and answer["read"]["rejects"]:
        raise typer.Exit(1)
