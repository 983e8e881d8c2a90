"""Any file as tables of canonical events and spend, or as payloads for the platform sources.

`find` says which files are meant, `left_unread` which others lie beside them; `read` opens one. CSV and its
kin with any delimiter, NDJSON, JSON, Parquet, and the XML of platforms; plain, gzip or zstd. Columns are
recognised by their usual names; what cannot be used is kept as a reject with its line, column and cure.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from hearthline.files import delimited, documents, markup, parquet, reports
from hearthline.files.ahead import ahead
from hearthline.files.columns import FIELDS, SETTINGS, Field, check_mapping, recognise
from hearthline.files.converting import rows_of
from hearthline.files.opening import first
from hearthline.files.paths import find, left_unread
from hearthline.files.proposing import Proposal, Proposed, mapping_of, propose
from hearthline.files.rows import SPEND, Kind, Payloads, Rows
from hearthline.files.typed import TABLES, Reader, source_of
from hearthline.schema.errors import BadFile

__all__ = [
    "FIELDS",
    "SETTINGS",
    "SPEND",
    "TABLES",
    "Field",
    "Kind",
    "Payloads",
    "Proposal",
    "Proposed",
    "Rows",
    "check_mapping",
    "find",
    "left_unread",
    "mapping_of",
    "propose",
    "read",
    "source_of",
]


def read(
    path: Path, mapping: Mapping[str, str] | None = None, kind: str | None = None, chunk_rows: int = 500_000
) -> Iterator[Rows] | Payloads:
    r"""Return the file's rows in parts, or its payloads where it holds those of a platform.

    What can be known from the file's beginning is checked at once; the rest while the parts are drawn.

    Args:
        path: one file.
        mapping: canonical field -> column, and settings such as `tz` (see `SETTINGS`).
        kind: `events`, `orders` or `spend`; by default the columns tell.
        chunk_rows: rows in memory at a time.

    Raises:
        BadFile: it is no table, a needed column is missing, or it is damaged.
        BadConfig: the mapping names a field that there is not.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "orders.csv"
    >>> _ = file.write_text("order_id,ts,amount,household\n7,2026-03-01T10:00:00Z,12.50,h1\n")
    >>> [(r.kind, r.read, r.events.column("commerce_revenue")[0].as_py()) for r in read(file)]
    [('orders', 1, Decimal('12.5000'))]
    """
    path = Path(path)
    mapping = dict(mapping or {})
    if not path.is_file():
        raise BadFile(f"{path}: there is no such file; looked in {path.absolute().parent}; check the name")
    if parquet.is_parquet(path):
        return _parquet(path, mapping, kind, chunk_rows)
    encoding = mapping.get("encoding")
    sample = first(path, encoding)
    if documents.looks_like_json(sample):
        return _json(path, mapping, kind, chunk_rows)
    if markup.looks_like_xml(sample):
        return Payloads(str(path), markup.elements(path, encoding))
    dialect = delimited.dialect_of(path, sample, mapping.get("delimiter"))
    if kind is None and mapping.keys() <= SETTINGS.keys() and reports.is_report(dialect.header):
        return Payloads(str(path), reports.orders(path, dialect, encoding))
    reader = Reader(path, recognise(f"{path}:{dialect.line}", dialect.header, mapping, kind))
    return rows_of(reader, lambda: ahead(delimited.batches(path, dialect, encoding)), chunk_rows)


def _parquet(path: Path, mapping: dict[str, str], kind: str | None, chunk_rows: int) -> Iterator[Rows]:
    file = parquet.opened(path)
    known = parquet.canonical(file, path, chunk_rows)
    if known is not None:
        return known
    found = recognise(f"{path}:1", parquet.names_of(file), mapping, kind)
    return rows_of(Reader(path, found), lambda: ahead(parquet.batches(file, path, chunk_rows)), chunk_rows)


def _json(
    path: Path, mapping: dict[str, str], kind: str | None, chunk_rows: int
) -> Iterator[Rows] | Payloads:
    encoding = mapping.get("encoding")
    header = documents.columns_of(path, encoding) if kind else documents.header_of(path, mapping, encoding)
    if header is None:
        return Payloads(str(path), documents.items(path, encoding))
    reader = Reader(path, recognise(f"{path}:1", header, mapping, kind))
    return rows_of(
        reader, lambda: documents.batches(reader.connection, path, header, chunk_rows, encoding), chunk_rows
    )
