"""JSON in files: one object a line, an array, or one object; flat rows, or payloads of a platform."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from hearthline.files.columns import complete
from hearthline.files.opening import BLOCK, blocks
from hearthline.files.refusals import REASONS
from hearthline.files.rows import Batch
from hearthline.files.splitting import LONGEST
from hearthline.schema.errors import BadFile
from hearthline.schema.journey import Bools
from hearthline.schema.records import Reject

__all__ = ["batches", "header_of", "items", "looks_like_json"]

_SAMPLE = 500
_WHOLE = 256 << 20
_KEYS = 400


def looks_like_json(sample: bytes) -> bool:
    """Return whether the text begins as JSON does.

    >>> looks_like_json(b' {"a": 1}'), looks_like_json(b"a,b")
    (True, False)
    """
    return sample.lstrip()[:1] in (b"{", b"[")


def _lines(path: Path, encoding: str | None, size: int = BLOCK) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers."""
    rest, number = b"", 1
    for block in blocks(path, encoding, size):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            if line.strip():
                yield number, line.rstrip(b"\r")
            number += 1
    if rest.strip():
        yield number, rest


def _is_json(line: bytes, kind: type = object) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _is_object(line: bytes) -> bool:
    return _is_json(line, dict)


def _elements(path: Path, encoding: str | None) -> Iterator[tuple[int, bytes]]:
    """Yield the elements of an array, or the one object, that make up the whole file."""
    data = bytearray()
    for block in blocks(path, encoding):
        data += block
        if len(data) > _WHOLE:
            raise BadFile(
                f"{path}: a JSON document of more than {_WHOLE >> 20} MiB; it must be read at once; "
                "write one object a line (NDJSON): jq -c '.[]'"
            )
    text = bytes(data)
    try:
        items = msgspec.json.decode(text, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFile(
            f"{path}: no JSON; {str(error)[:80]}; write one object a line (NDJSON), or one array"
        ) from None
    if isinstance(items, dict):
        yield 1, text.strip()
        return
    at, line = 0, 1
    for item in items:
        raw = bytes(item)
        begins = text.index(raw, at)
        line += text.count(b"\n", at, begins)
        at = begins + len(raw)
        yield line, raw
        line += raw.count(b"\n")


def items(path: Path, encoding: str | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield (line, bytes) of each JSON object of the file.

    A line that is no object comes as it is. A file is taken for one document if its first line is no object
    and the second is none either, or the first is the beginning of an array.

    Raises:
        BadFile: the file is neither lines of objects, nor an array, nor an object.
    """
    start = list(islice(_lines(path, encoding), 2))
    first, second = start[0][1], start[1][1] if len(start) > 1 else b""
    begun = first.lstrip()[:1] == b"{" or _is_json(first)
    by_line = _is_object(first) or (begun and _is_object(second))
    yield from _lines(path, encoding) if by_line else _elements(path, encoding)


def header_of(path: Path, mapping: Mapping[str, str], encoding: str | None = None) -> list[str] | None:
    """Return the columns if the file's first objects are flat rows of a table, else None.

    Rows are flat: no object within an object; their keys name what a table needs, and at least half of
    them mean something to us. A platform's own flat message has many others.
    """
    keys: dict[str, None] = {}
    for _, raw in islice(items(path, encoding), _SAMPLE):
        try:
            row: Any = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if not isinstance(row, dict):
            continue
        if any(isinstance(v, dict) for v in row.values()):
            return None
        keys |= dict.fromkeys(row)
    found = complete(list(keys), mapping) if keys else None
    return list(keys) if found and 2 * len(found.columns) >= len(keys) else None


def columns_of(path: Path, encoding: str | None = None) -> list[str]:
    """Return the keys of the file's first objects, in the order in which they appear."""
    keys: dict[str, None] = {}
    for _, raw in islice(items(path, encoding), _SAMPLE):
        if _is_object(raw):
            keys |= dict.fromkeys(msgspec.json.decode(raw))
    return list(keys)


def _spot(path: Path, row: bytes, line: int, column: str) -> str:
    at = row.find(f'"{column}"'.encode())
    return f"{path}:{line}:{max(at, 0) + 1}"


def _reject(path: Path, line: int, raw: bytes, reason: str) -> Reject:
    words = REASONS[reason]
    return Reject(
        source=f"//file/{path.name.partition('.')[0]}",
        reason=reason,
        place=f"{path}:{line}:1",
        wrong=words.wrong.format(got=len(raw), column=""),
        cure=words.cure,
        raw=raw,
    )


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _fault(raw: bytes, text: str | None, valid: bool | None) -> str | None:  # noqa: FBT001 - a verdict
    if text is None:
        return "not-utf8"
    if len(raw) > LONGEST:
        return "too-long"
    return None if valid else "bad-json"


def _asked(connection: duckdb.DuckDBPyConnection, lines: pa.Table, question: str) -> Bools:
    """Return for each line whether the question, in SQL, is answered with yes."""
    connection.register("found", lines)
    answers = connection.sql(f"select {question} as yes from found").to_arrow_table().column("yes")
    connection.unregister("found")
    return np.array(answers.to_numpy(), np.bool_)


def _batch(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: list[str], chunk: list[tuple[int, bytes]]
) -> Batch:
    """Return objects as a batch with one text column a key."""
    texts = [_text(raw) for _, raw in chunk]
    short = [t if t is not None and len(t) <= LONGEST else None for t in texts]
    lines_of_json = pa.table({"line": pa.array(short, pa.string())})
    valid = _asked(connection, lines_of_json, "coalesce(json_valid(line), false)")
    # The engine reads every line it is given, so those that are no JSON are taken out first.
    valid[valid] = _asked(connection, lines_of_json.filter(pa.array(valid)), "json_type(line) = 'OBJECT'")
    shape = msgspec.json.encode(dict.fromkeys(columns, "VARCHAR")).decode().replace("'", "''")
    connection.register("found", lines_of_json.filter(pa.array(valid)))
    picked = connection.sql(f"select json_transform(line, '{shape}') as row from found").to_arrow_table()
    connection.unregister("found")
    rejects = [
        _reject(path, line, raw, fault)
        for (line, raw), text, ok in zip(chunk, texts, valid.tolist(), strict=True)
        if (fault := _fault(raw, text, ok)) is not None
    ]
    rows = picked.column("row").combine_chunks()
    table = pa.Table.from_arrays(rows.flatten(), names=[f.name for f in rows.type])
    kept = [raw for (_, raw), ok in zip(chunk, valid.tolist(), strict=True) if ok]
    lines = np.array([line for line, _ in chunk], np.int64)[valid]
    return Batch(table, lines, rejects, len(chunk), kept.__getitem__, partial(_spot, path))


def batches(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    columns: list[str],
    chunk_rows: int,
    encoding: str | None,
) -> Iterator[Batch]:
    """Yield the file's objects as rows with the given keys as columns of text."""
    source = items(path, encoding)
    while chunk := list(islice(source, chunk_rows)):
        yield _batch(connection, path, columns, chunk)
