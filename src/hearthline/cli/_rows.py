"""Tables of rows that no report describes: SQL results, events, rejects."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from hearthline.cli._screen import plain, print_json, results, table
from hearthline.schema import text

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["print_rows"]


def _said(value: Any) -> str:
    if value is None:
        return text.MISSING
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(plain(value))


def print_rows(rows: "pa.Table", *, as_json: bool) -> None:
    """Print rows as a table, or as a JSON array of objects."""
    if as_json:
        print_json(rows.to_pylist())
        return
    numbers = [i for i, f in enumerate(rows.schema) if str(f.type).startswith(("int", "double", "decimal"))]
    cells = ([_said(value) for value in row.values()] for row in rows.to_pylist())
    results().print(table(rows.column_names, cells, right=numbers))
