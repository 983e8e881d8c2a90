"""One renderer for every figure: terminal, HTML, SVG, JSON, CSV and Parquet. Knows figures, and no report."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, BinaryIO

from rich.console import Console

from hearthline.render import csv, html, json, svg, terminal
from hearthline.render.html import Around
from hearthline.schema.figure import Figure

__all__ = [
    "Around",
    "to_arrow",
    "to_csv",
    "to_fragment",
    "to_html",
    "to_json",
    "to_parquet",
    "to_section",
    "to_svg",
    "to_terminal",
]


def to_terminal(figure: Figure, console: Console | None = None, at: str = "") -> None:
    """Print a figure to the console (default: standard output), as wide as it is; plain when piped.

    `at` goes behind the commands that show more of it, such as ` --home DIR`.
    """
    terminal.show(figure, console or Console(), at)


def to_html(figures: Sequence[Figure], title: str, banner: str | None = None) -> str:
    """Return one self-contained HTML file with the figures in order."""
    return html.page(figures, title, banner)


def to_fragment(figure: Figure) -> str:
    """Return one figure as HTML with its style, for notebooks (`_repr_html_`)."""
    return html.fragment(figure)


def to_section(figure: Figure, colours: Mapping[str, int], around: Around | None = None) -> str:
    """Return one figure as a part of a page that has the style sheet already."""
    return html.section(figure, colours, around)


def to_svg(figure: Figure, width: float = 800) -> str:
    """Return the figure's chart as an SVG file of its own; empty where it has no chart."""
    return svg.alone(figure, width, html.style())


def to_json(figure: Figure) -> dict[str, Any]:
    """Return the figure as plain values; money is a string with all its digits."""
    return json.json_ready(figure)


def to_csv(figure: Figure) -> str:
    """Return the figure's rows as CSV, every column, with texts that cannot run as formulas."""
    return csv.csv_text(figure)


def to_arrow(figure: Figure) -> bytes:
    """Return the figure's rows as an Arrow stream, with the figure's words in its metadata."""
    return csv.arrow_stream(figure)


def to_parquet(figure: Figure, path: str | PathLike[str] | BinaryIO) -> None:
    """Write the figure's rows to a Parquet file."""
    csv.write_parquet(figure, path)
