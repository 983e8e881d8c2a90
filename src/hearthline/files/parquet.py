"""Rows of Parquet files: tables of usual columns, or canonical events passed through."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hearthline.files.rows import SPEND, Batch, Rows
from hearthline.schema.arrow import EVENTS, IDENTITIES
from hearthline.schema.errors import BadFile

__all__ = ["batches", "canonical", "is_parquet", "names_of", "opened"]


def is_parquet(path: Path) -> bool:
    """Return whether the file begins as Parquet does."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def opened(path: Path) -> pq.ParquetFile:
    """Return the file, opened.

    Raises:
        BadFile: it is damaged, or holds no rows.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadFile(f"{path}: a damaged Parquet file; {str(error)[:80]}; write or copy it again") from None
    if file.metadata.num_rows == 0:
        raise BadFile(f"{path}: a Parquet file without rows; export it again, or leave the file out")
    return file


def _parts(file: pq.ParquetFile, path: Path, size: int) -> Iterator[pa.RecordBatch]:
    try:
        yield from file.iter_batches(batch_size=size)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadFile(f"{path}: damaged inside; {str(error)[:80]}; write or copy it again") from None


def names_of(file: pq.ParquetFile) -> list[str]:
    """Return the columns' names; a field inside another is a column of its own, named by its path."""
    return list(_opened_up(file.schema_arrow.empty_table()).column_names)


def _opened_up(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _plain(table: pa.Table) -> pa.Table:
    """Return the table with binary and listed columns as text, which is all that is asked of them."""
    table = _opened_up(table)
    for i, field in enumerate(table.schema):
        if (
            pa.types.is_nested(field.type)
            or pa.types.is_binary(field.type)
            or pa.types.is_large_binary(field.type)
        ):
            texts = [None if v is None else str(v) for v in table.column(i).to_pylist()]
            table = table.set_column(i, field.name, pa.array(texts, pa.string()))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(field.type.value_type))
    return table


def _spot(path: Path, names: list[str], row: bytes, line: int, column: str) -> str:  # noqa: ARG001 - as all
    at = names.index(column) if column in names else 0
    return f"{path}:{line}:{at + 1}"


def _raw(table: pa.Table) -> Any:
    def raw(i: int) -> bytes:
        row = table.slice(i, 1).to_pylist()[0]
        return msgspec.json.encode(
            {k: v if isinstance(v, int | str | None) else str(v) for k, v in row.items()}
        )

    return raw


def batches(file: pq.ParquetFile, path: Path, chunk_rows: int) -> Iterator[Batch]:
    """Yield the file's rows; a place is `file:row:column`, counted from 1."""
    first = 1
    for part in _parts(file, path, chunk_rows):
        table = _plain(pa.Table.from_batches([part]))
        n = table.num_rows
        lines = np.arange(first, first + n, dtype=np.int64)
        yield Batch(table, lines, [], n, _raw(table), partial(_spot, path, table.column_names))
        first += n


def _beside(path: Path) -> pa.Table:
    """Return the identities that lie beside a file of canonical events: in its own, or the folder's."""
    stem = path.name.removesuffix(path.suffix)
    for name in (f"{stem}.identities.parquet", f"{stem}_identities.parquet", "identities.parquet"):
        other = path.with_name(name)
        if other != path and other.is_file():
            return pq.read_table(other).select(IDENTITIES.names).cast(IDENTITIES)
    return IDENTITIES.empty_table()


def canonical(file: pq.ParquetFile, path: Path, chunk_rows: int) -> Iterator[Rows] | None:
    """Return the rows of a file that holds canonical events or identities already, else None."""
    names = set(file.schema_arrow.names)
    if set(IDENTITIES.names) == names:
        return _identities(path)
    if set(EVENTS.names) <= names:
        return _events(file, path, chunk_rows)
    return None


def _rows(path: Path, events: pa.Table, identities: pa.Table) -> Rows:
    n = events.num_rows
    return Rows(
        "events", str(path), events, identities, SPEND.empty_table(), [], n, n, {"schema": "canonical"}
    )


def _identities(path: Path) -> Iterator[Rows]:
    table = pq.read_table(path).select(IDENTITIES.names).cast(IDENTITIES)
    yield _rows(path, EVENTS.empty_table(), table)


def _events(file: pq.ParquetFile, path: Path, chunk_rows: int) -> Iterator[Rows]:
    identities = _beside(path)
    for part in _parts(file, path, chunk_rows):
        try:
            events = pa.Table.from_batches([part]).select(EVENTS.names).cast(EVENTS)
        except (pa.ArrowInvalid, ValueError) as error:
            raise BadFile(
                f"{path}: columns named as canonical events; {str(error)[:120]}; write them again"
            ) from None
        yield _rows(path, events, identities)
        identities = IDENTITIES.empty_table()
