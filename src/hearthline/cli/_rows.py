"""Tables of rows that no report describes: SQL results, events, rejects."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hearthline.cli._screen import plain, print_json, results, table
from hearthline.schema import text
from hearthline.schema.errors import BadConfig

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["asked", "print_rows"]


def asked(what: str, ask: "Callable[[], pa.Table]") -> "pa.Table":
    """Return what the question gives.

    Raises:
        BadConfig: DuckDB does not understand the SQL in it.
    """
    import duckdb

    try:
        return ask()
    except duckdb.Error as error:
        first = str(error).splitlines()
        hint = next((line for line in first if line.startswith(("Did you mean", "Candidate"))), "")
        cure = hint or "docs/answer.md lists the tables and columns"
        raise BadConfig(f"{what}: {first[0]}; {cure}") from None


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
