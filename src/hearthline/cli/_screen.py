"""The two screens, results and messages, and how tables, JSON and progress are shown on them."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["Stages", "messages", "plain", "print_json", "results", "show", "stages", "table"]

_WIDTH = 100


def results() -> Console:
    """Return the screen for results (standard output); 100 columns wide where it is no terminal."""
    return _console(sys.stdout)


def messages() -> Console:
    """Return the screen for messages and progress (standard error)."""
    return _console(sys.stderr)


def _console(file: TextIO) -> Console:
    """Return a screen on which text is only text: no square bracket and no colon in it is a command."""
    width = None if file.isatty() else _WIDTH
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; money keeps all its digits, as a string.

    >>> plain({"cost": Decimal("1.50"), "day": date(2026, 3, 1)})
    {'cost': '1.50', 'day': '2026-03-01'}
    """
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return _plain_one(value)


def _plain_one(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if isinstance(value, float) and not isfinite(value) else value


def print_json(value: Any) -> None:
    """Print a value as JSON on the results screen."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")


def show(text: str) -> None:
    """Print a message on the messages screen."""
    messages().print(text, soft_wrap=True)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> Table:
    """Return a calm table: headings, a thin line, cells; the columns in `right` are aligned to the right."""
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for number, head in enumerate(heads):
        grid.add_column(Text(head), justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(
            *(cell if isinstance(cell, Text) else Text("" if cell is None else str(cell)) for cell in row)
        )
    return grid


class Stages:
    """Tells which stage a long work is in: a line with a moving mark and a clock, on a terminal only."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=messages(),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task("", total=None)

    def __call__(self, stage: str) -> None:
        """Name the stage that begins."""
        self._progress.update(self._task, description=stage, total=None)

    def part(self, stage: str, done: float) -> None:
        """Name the stage and the part of it that is done, from 0 to 1."""
        self._progress.update(self._task, description=stage, total=1.0, completed=done)


@contextmanager
def stages() -> Iterator[Stages]:
    """Yield what tells the stages of a long work; it leaves nothing on the screen."""
    told = Stages()
    with told._progress:
        yield told
