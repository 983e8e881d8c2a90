"""The text of a file as UTF-8 bytes in blocks: unpacked, decoded, its byte order mark taken off."""

import codecs
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from hearthline.schema.errors import BadFile

__all__ = ["BLOCK", "blocks", "first"]

BLOCK = 16 << 20
"""Bytes read at a time, after unpacking."""

_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"SQLite format 3": "a SQLite database; export a table as CSV",
    b"%PDF": "a PDF document; export a table as CSV",
    b"ARROW1": "an Arrow file; write it as Parquet",
    b"Obj\x01": "an Avro file; write it as Parquet or NDJSON",
    b"ORC": "an ORC file; write it as Parquet",
    b"BZh": "packed with bzip2; unpack it, or pack it with gzip or zstd",
    b"\xfd7zXZ": "packed with xz; unpack it, or pack it with gzip or zstd",
    b"<!DOCTYPE": "a web page, perhaps a log-in page saved in place of the export; download it again",
    b"<html": "a web page, perhaps a log-in page saved in place of the export; download it again",
}


def _packing(path: Path) -> str | None:
    with path.open("rb") as file:
        magic = file.read(4)
    return next((name for start, name in _PACKED.items() if magic.startswith(start)), None)


def _unpacked(path: Path, size: int) -> Iterator[bytes]:
    """Yield the unpacked bytes. What counts is the content: a `.gz` that is plain text is read as that."""
    packing = _packing(path)
    try:
        with pa.input_stream(str(path), compression=packing) as stream:
            while block := stream.read(size):
                yield block
    except OSError as error:
        kind = packing or "file"
        raise BadFile(
            f"{path}: the {kind} data breaks off or is damaged; got {str(error)[:80]!r}; "
            "copy or download the file again"
        ) from None


def _refuse_foreign(path: Path, start: bytes) -> None:
    for magic, what in _FOREIGN.items():
        if start.startswith(magic):
            raise BadFile(f"{path}: no table of text; this is {what}")
    head = start[:4096]
    if head.count(0) > len(head) // 5:
        raise BadFile(
            f"{path}: looks like UTF-16 without its mark, or binary; every second byte or so is NUL; "
            "save it as UTF-8"
        )
    odd = sum(b < 9 or 13 < b < 27 for b in head)
    if odd > len(head) // 20 and odd > 8:
        raise BadFile(f"{path}: binary data; {odd} of the first {len(head)} bytes are no text; give a table")


def _marked(start: bytes) -> tuple[str, int]:
    """Return the encoding that a byte order mark tells, and the mark's length."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8", 3
    if start.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le", 2
    if start.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be", 2
    return "utf-8", 0


def _decoder(path: Path, encoding: str) -> codecs.IncrementalDecoder | None:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise BadFile(f"{path}: no encoding named {encoding!r}; try --map encoding=latin-1") from None
    return None if name == "utf-8" else codecs.getincrementaldecoder(name)("replace")


def blocks(path: Path, encoding: str | None = None, size: int = BLOCK) -> Iterator[bytes]:
    """Yield the file's text as UTF-8 in blocks of about `size` bytes, line ends as LF or CR LF.

    gzip and zstd are told by their first bytes. UTF-16 with a mark is decoded; any other encoding
    must be named. Bytes that are no UTF-8 are passed on: rows are refused, not files.

    Raises:
        BadFile: the file is empty, is no text, or its packing is damaged.
    """
    source = _unpacked(path, size)
    start = next(source, b"")
    marked, skip = _marked(start)
    start = start[skip:]
    if not start.strip():
        raise BadFile(f"{path}: the file is empty; got {len(start)} bytes; export it again")
    if marked == "utf-8":
        _refuse_foreign(path, start)
    decoder = _decoder(path, encoding or marked)
    # Spreadsheets on old Macs end lines with CR alone.
    lone_cr = b"\r" in start and b"\n" not in start and decoder is None
    block = start
    while block:
        if decoder is not None:
            block = decoder.decode(block).encode()
        yield block.replace(b"\r", b"\n") if lone_cr else block
        block = next(source, b"")


def first(path: Path, encoding: str | None = None, size: int = 1 << 18) -> bytes:
    """Return about the first `size` bytes of the file's text as UTF-8."""
    return next(blocks(path, encoding, size))
