"""Tables for people and for pages: Markdown that reads well in a terminal, too."""

from collections.abc import Sequence
from pathlib import Path

__all__ = ["markdown", "write_block"]


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is left-aligned, all others right-aligned.

    >>> print(markdown(["model", "error"], [["linear", "0.31"]]))
    | model  | error |
    | :----- | ----: |
    | linear |  0.31 |
    """
    wide = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        left = cells[0].ljust(wide[0])
        return (
            "| " + " | ".join([left, *(c.rjust(w) for c, w in zip(cells[1:], wide[1:], strict=True))]) + " |"
        )

    ruler = [":" + "-" * (wide[0] - 1), *("-" * (w - 1) + ":" for w in wide[1:])]
    return "\n".join([line(heads), line(ruler), *(line(row) for row in rows)])


def write_block(page: Path, mark: str, text: str) -> None:
    """Replace what stands in the page between `<!-- begin: MARK -->` and the next `<!-- end -->`."""
    begin, end = f"<!-- begin: {mark} -->", "<!-- end -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{page}: no block to write to; got neither {begin} nor its {end}; add both lines")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")
