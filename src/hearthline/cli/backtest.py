"""`hearthline backtest`."""

from dataclasses import asdict
from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._screen import print_json, results, show, table

__all__ = ["backtest"]


def backtest(
    *,
    days: Annotated[int, typer.Option("--days", min=1, metavar="N", help="Days to hold back.")] = 30,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Hold forecasts against what came: make them as of an earlier day, from what was known then."""
    from hearthline.pipeline.forecasts.backtest import held_back

    answer = hl.open_home(home).answer()
    try:
        found = held_back(answer.table, days)
    finally:
        answer.close()
    if as_json:
        print_json([asdict(h) | {"inside": h.inside} for h in found])
        return
    rows = [
        (
            h.what,
            h.unit,
            f"{h.foretold:,.0f}",
            f"{h.low:,.0f} to {h.high:,.0f}",
            f"{h.came:,.0f}",
            "yes" if h.inside else "no",
            "" if h.usual is None else f"{h.usual:,.0f}",
        )
        for h in found
    ]
    heads = ("forecast of", "in", "foretold", "90 %", "came", "inside", "if none ended")
    results().print(table(heads, rows, (2, 3, 4, 6)))
    show(f"Enrolments as of {days} days before the data ends; channels by the default model.")
