"""Frames out of a log's folder, while another process may be writing to it."""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from hearthline.store.log.frames import HEADER, MAGIC, START, Frame, Head, Position, decoded, opened, size_of

__all__ = ["identity_of", "last_frame", "path_of", "read", "segments"]

_READ = 4 << 20


def path_of(folder: Path, number: int) -> Path:
    """Return the file of a segment.

    >>> path_of(Path("log"), 7).name
    '0000000007.seg'
    """
    return folder / f"{number:010d}.seg"


def segments(folder: Path) -> list[int]:
    """Return the numbers of the segments that are there, oldest first."""
    return sorted(int(f.stem) for f in folder.glob("*.seg") if f.stem.isdigit())


def identity_of(folder: Path) -> str | None:
    """Return the log's own random name, in hex: another log in the same place has another. None: no log."""
    for number in reversed(segments(folder)):
        head = _head(folder, number)
        if head is not None:
            return head.log.hex()
    return None


def _head(folder: Path, number: int) -> Head | None:
    try:
        with path_of(folder, number).open("rb") as file:
            return opened(file.read(HEADER))
    except FileNotFoundError:
        return None


def read(folder: Path, since: Position = START) -> Iterator[tuple[Position, Frame]]:
    """Yield the frames after a position, each with the position after it.

    A torn tail ends its segment. Where whole frames follow a torn place, the disk lost what lay there:
    it is yielded as one frame of the kind `damaged`, and reading goes on behind it.
    """
    # Listed before the newest is read: whatever has a successor then is complete and never grows.
    numbers = [n for n in segments(folder) if n >= since.segment]
    for number in numbers:
        offset = since.offset if number == since.segment else 0
        yield from _segment(folder, number, max(offset, HEADER), complete=number != numbers[-1])


def _segment(folder: Path, number: int, offset: int, *, complete: bool) -> Iterator[tuple[Position, Frame]]:
    try:
        file = path_of(folder, number).open("rb", buffering=0)
    except FileNotFoundError:  # retention was faster
        return
    sequence = 0
    with file:
        while True:
            for end, frame in _whole(file, offset):
                yield Position(number, end), frame
                offset, sequence = end, frame.sequence
            found = _next_whole(file, offset, sequence) if complete else None
            if found is None:
                return
            file.seek(offset)
            yield Position(number, found), Frame("damaged", file.read(found - offset))
            offset = found


def _whole(file: BinaryIO, offset: int) -> Iterator[tuple[int, Frame]]:
    """Yield whole frames and where each ends, reading no more of the file than they fill."""
    buffer = memoryview(bytearray(_READ))  # one for all: fresh memory costs more than reading
    while True:
        file.seek(offset)
        content = buffer[: file.readinto(buffer)]  # type: ignore[attr-defined] # it is unbuffered
        end = 0
        for end, frame in decoded(content, 0):
            yield offset + end, frame
        wanted = size_of(bytes(content[end : end + HEADER]))
        if len(content) < len(buffer) or (not end and wanted <= len(buffer)):
            return
        offset += end
        if wanted > len(buffer):
            buffer = memoryview(bytearray(wanted))


def _next_whole(file: BinaryIO, offset: int, sequence: int) -> int | None:
    """Return where, behind a torn place, the next whole frame of later number begins."""
    file.seek(offset)
    content = file.read()
    at = content.find(MAGIC, 1)
    while at >= 0:
        if any(frame.sequence > sequence for _, frame in islice(decoded(content, at), 1)):
            return offset + at
        at = content.find(MAGIC, at + 1)
    return None


def last_frame(folder: Path) -> tuple[Position, Frame] | None:
    """Return the newest whole frame and the position after it."""
    for number in reversed(segments(folder)):
        newest = deque(_segment(folder, number, HEADER, complete=True), maxlen=1)
        if newest:
            return newest[0]
    return None
