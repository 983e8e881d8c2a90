"""Rows of delimited text: the delimiter and the header found, the rows split and typed as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from hearthline.files.columns import header_score, is_name
from hearthline.files.opening import BLOCK, blocks
from hearthline.files.refusals import REASONS
from hearthline.files.rows import Batch
from hearthline.files.splitting import LONGEST, Records, split
from hearthline.schema.errors import BadFile
from hearthline.schema.journey import Ints
from hearthline.schema.records import Reject

__all__ = ["Dialect", "batches", "dialect_of", "fields_of"]

_DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01")
_PREAMBLE = 12
_PATIENCE = 64 << 20


@dataclass(frozen=True)
class Dialect:
    """How a file is delimited: the sign, the line of the header, the columns."""

    delimiter: str
    line: int
    header: tuple[str, ...]


def fields_of(row: bytes, delimiter: str) -> list[tuple[str, int]]:
    """Return the fields of one row with the byte at which each begins.

    >>> fields_of(b'a,"b,c",', ",")
    [('a', 0), ('b,c', 2), ('', 8)]
    """
    fields, at = [], 0
    sign = delimiter.encode()
    while True:
        if row[at : at + 1] == b'"':
            end = at + 1
            while (end := row.find(b'"', end)) >= 0 and row[end + 1 : end + 2] == b'"':
                end += 2
            end = len(row) if end < 0 else end + 1
            stop = row.find(sign, end)
            text = row[at + 1 : end - 1].replace(b'""', b'"')
        else:
            stop = row.find(sign, at)
            text = row[at:] if stop < 0 else row[at:stop]
        fields.append((text.decode("utf-8", "replace"), at))
        if stop < 0:
            return fields
        at = stop + 1


def _header_at(records: Records, delimiter: str) -> tuple[int, int]:
    """Return (usual names, index) of the likeliest header among the first rows."""
    best, first = (0, 0), 0
    for i in range(min(_PREAMBLE, len(records.lines))):
        names = [name.strip() for name, _ in fields_of(records.raw(i)[:65536], delimiter)]
        score = header_score(names)
        if i == 0 and len(names) > 1 and all(map(is_name, names)):
            first = len(names)  # a header by its look; a row of as many fields needs more than one usual name
        if i and len(names) == first and score <= best[0] + 1:
            continue
        if score > best[0] and sum(map(is_name, names)) * 2 > len(names):
            best = (score, i)
    return best


def dialect_of(path: Path, sample: bytes, delimiter: str | None = None) -> Dialect:
    """Return how the text is delimited and where its header stands.

    Lines before the header, as advertising platforms write them, are passed over.

    Raises:
        BadFile: no line among the first twelve names usual columns.
    """
    signs = (delimiter.encode().decode("unicode_escape"),) if delimiter else _DELIMITERS
    if any(len(s) != 1 or not s.isascii() or s in '"\r\n' for s in signs):
        raise BadFile(f"{path}: --map delimiter={delimiter}; got no single sign; give one, such as ';'")
    best: tuple[int, int, Dialect] | None = None
    for sign in signs:
        records = split(sample, sign, 1, final=True)
        score, at = _header_at(records, sign)
        if len(records.lines) == 0:
            continue
        found = fields_of(records.raw(at)[:65536], sign)
        names = tuple(name.strip() or f"column {n}" for n, (name, _) in enumerate(found, 1))
        here = (score, len(names), Dialect(sign, int(records.lines[at]), names))
        if best is None or here[:2] > best[:2]:
            best = here
    if best is None or len(best[2].header) < 2:
        raise BadFile(
            f"{path}:1: no table; the first line has a single column; give a file whose first line names "
            "its columns, or name the sign between them: --map delimiter=';'"
        )
    return best[2]


def _begins(row: bytes, dialect: Dialect, column: str) -> int:
    """Return the byte at which the column's field begins in the row."""
    at = dialect.header.index(column) if column in dialect.header else 0
    if b'"' in row:
        return fields_of(row, dialect.delimiter)[at][1]
    before = row.split(dialect.delimiter.encode(), at)[:at]
    return sum(map(len, before)) + at


@dataclass(frozen=True)
class _Rows:
    """The rows that a batch was made of, to go back to."""

    records: Records
    kept: Ints

    def raw(self, i: int) -> bytes:
        """Return the i-th row's bytes."""
        return self.records.raw(int(self.kept[i]))


def _spot(path: Path, dialect: Dialect, row: bytes, line: int, column: str) -> str:
    """Return `file:line:column` of a column in a row that begins on a line."""
    before = row[: _begins(row, dialect, column)]
    line += before.count(b"\n")
    since = before[before.rfind(b"\n") + 1 :]
    return f"{path}:{line}:{len(since.decode('utf-8', 'replace')) + 1}"


def _faults(records: Records, columns: int) -> dict[int, str]:
    """Return the reason by index of each row that cannot be split into the header's columns."""
    faults: dict[int, str] = {}
    size = records.ends - records.starts
    data = records.data
    if not data.isascii():
        high = np.flatnonzero(np.frombuffer(data, np.uint8) >= 0x80)
        rows = np.unique(np.searchsorted(records.starts, high, side="right") - 1) if len(size) else high
        for i in rows[rows >= 0].tolist():
            try:
                records.raw(i).decode()
            except UnicodeDecodeError:
                faults[i] = "not-utf8"
    ragged = np.flatnonzero(records.fields != columns)
    faults |= {i: "broken-quotes" if records.fields[i] == 0 else "ragged-row" for i in ragged.tolist()}
    if b"\0" in data and len(size):
        nul = np.flatnonzero(np.frombuffer(data, np.uint8) == 0)
        rows = np.unique(np.searchsorted(records.starts, nul, side="right") - 1)
        faults |= dict.fromkeys(rows[rows >= 0].tolist(), "nul-byte")
    return faults | dict.fromkeys(np.flatnonzero(size > LONGEST).tolist(), "too-long")


def _rejects(path: Path, records: Records, faults: dict[int, str], columns: int) -> list[Reject]:
    rejects = []
    for i in sorted(faults):
        reason = REASONS[faults[i]]
        raw = records.raw(i)
        got = str(len(raw)) if faults[i] == "too-long" else str(int(records.fields[i]))
        rejects.append(
            Reject(
                source=f"//file/{path.name.partition('.')[0]}",
                reason=faults[i],
                place=f"{path}:{int(records.lines[i])}:1",
                wrong=reason.wrong.format(got=got, column=columns),
                cure=reason.cure,
                raw=raw,
            )
        )
    return rejects


def _typed(data: bytes, dialect: Dialect) -> pa.Table:
    names = [*dialect.header]
    return csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(column_names=names, block_size=4 * LONGEST),
        parse_options=csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=b'"' in data),
        convert_options=csv.ConvertOptions(
            column_types={n: pa.string() for n in names}, strings_can_be_null=True, null_values=[""]
        ),
    )


def _without(records: Records, faulty: list[int]) -> bytes:
    """Return the text of all rows but the faulty ones."""
    parts, after = [], 0
    for i in [*faulty, len(records.lines)]:
        if i > after:
            parts.append(records.data[records.starts[after] : records.ends[i - 1]])
        after = i + 1
    return b"\n".join(parts) + b"\n"


def _batch(path: Path, records: Records, dialect: Dialect) -> Batch:
    columns = len(dialect.header)
    faults = _faults(records, columns)
    sound = np.ones(len(records.lines), np.bool_)
    sound[np.fromiter(faults, np.int64, len(faults))] = False
    kept = np.flatnonzero(sound)
    data = _without(records, sorted(faults)) if faults else records.data
    if len(kept):
        table = _typed(data, dialect)
    else:
        table = pa.table({n: pa.array([], pa.string()) for n in dialect.header})
    if table.num_rows != len(kept):
        raise BadFile(
            f"{path}:{int(records.lines[0])}: rows could not be told apart; expected {len(kept)}, got "
            f"{table.num_rows}; look for stray quotes near this line"
        )
    rows = _Rows(records, kept)
    rejects = _rejects(path, records, faults, columns)
    return Batch(
        table, records.lines[kept], rejects, len(records.lines), rows.raw, partial(_spot, path, dialect)
    )


def _after_header(records: Records, line: int) -> Records:
    """Return the rows below the header's line; those before it are no rows."""
    below = records.lines > line
    return Records(
        records.data,
        records.starts[below],
        records.ends[below],
        records.lines[below],
        records.fields[below],
        records.used,
        records.newlines,
    )


def batches(path: Path, dialect: Dialect, encoding: str | None = None, size: int = BLOCK) -> Iterator[Batch]:
    """Yield the rows below the header, a block of about `size` bytes at a time.

    Raises:
        BadFile: there are no rows, or a row never ends.
    """
    rest, line, some = b"", 1, False
    source = blocks(path, encoding, size)
    block = next(source, b"")
    while block:
        following = next(source, b"")
        rest += block
        records = split(rest, dialect.delimiter, line, final=not following)
        if len(rest) - records.used > _PATIENCE:
            raise BadFile(
                f"{path}:{line}: a row without an end; got {len(rest)} bytes; look for a quote not closed"
            )
        rest = rest[records.used :]
        line += records.newlines
        block = following
        below = _trimmed(_after_header(records, dialect.line))
        if len(below.lines):
            some = True
            yield _batch(path, below, dialect)
    if not some:
        raise BadFile(f"{path}:{dialect.line}: a header and no rows; export it again, or leave the file out")


def _trimmed(records: Records) -> Records:
    """Return the same rows over a text that begins with the first of them."""
    if not len(records.starts) or not records.starts[0]:
        return records
    first = int(records.starts[0])
    return Records(
        records.data[first:],
        records.starts - first,
        records.ends - first,
        records.lines,
        records.fields,
        records.used - first,
        records.newlines,
    )
