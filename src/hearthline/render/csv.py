"""A figure's rows as CSV and as Parquet: every column, exact values, machine names."""

import io
from os import PathLike
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet

from hearthline.render.json import scalar
from hearthline.schema.figure import Figure

__all__ = ["arrow_stream", "csv_text", "write_parquet"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _neutral(value: Any) -> Any:
    """Return text that a spreadsheet shows and does not run; see OWASP, CSV injection."""
    if isinstance(value, list):
        value = " › ".join(map(str, value))
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def _written(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return column
    if pa.types.is_floating(kind):
        return pa.array([scalar(v) for v in column.to_pylist()], kind)
    if pa.types.is_decimal(kind) or pa.types.is_temporal(kind):
        return pa.array([scalar(v) for v in column.to_pylist()], pa.string())
    return pa.array([_neutral(v) for v in column.to_pylist()], pa.string())


def csv_text(figure: Figure) -> str:
    """Return the rows as CSV with a header; a text that would be a formula gets an apostrophe first.

    A value that is missing is an empty field. Money has all its digits, times are ISO 8601 in UTC.
    """
    rows = figure.rows
    table = pa.table([_written(c) for c in rows.columns], names=rows.column_names)
    out = io.BytesIO()
    pa.csv.write_csv(table, out, pa.csv.WriteOptions(quoting_style="needed"))
    return out.getvalue().decode()


def _told(figure: Figure) -> pa.Table:
    """Return the rows with the figure's words in their metadata."""
    words = {
        "hearthline.report": figure.name,
        "hearthline.title": figure.title,
        "hearthline.definition": figure.definition,
        "hearthline.currency": figure.currency,
        "hearthline.source": figure.source,
    }
    metadata = {**(figure.rows.schema.metadata or {}), **{k.encode(): v.encode() for k, v in words.items()}}
    return figure.rows.replace_schema_metadata(metadata)


def write_parquet(figure: Figure, path: str | PathLike[str] | BinaryIO) -> None:
    """Write the rows to a Parquet file, with the figure's words in the file's metadata."""
    pa.parquet.write_table(_told(figure), path)


def arrow_stream(figure: Figure) -> bytes:
    """Return the rows in the Arrow streaming format."""
    table, out = _told(figure), pa.BufferOutputStream()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return bytes(out.getvalue())
