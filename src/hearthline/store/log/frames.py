"""A frame and a segment's header as bytes.

```
segment  magic 8 | log id 16 | number u64
frame    magic 4 | length u32 | crc32 u32 | sequence u64 | received i64 (ns since 1970, UTC) | kind u8 | body
```

All numbers are little-endian. The checksum covers everything after itself, and the length.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Literal, NamedTuple, get_args
from zlib import crc32

__all__ = [
    "FRONT",
    "HEADER",
    "MAGIC",
    "START",
    "Frame",
    "Head",
    "Position",
    "decoded",
    "encoded",
    "header",
    "opened",
    "size_of",
]

Kind = Literal["admitted", "damaged", "erased"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
MAGIC = b"\xf1HLf"
_SEGMENT = b"HLlog\x00\x01\n"
_HEADER = Struct("<8s16sQ")
_FRAME = Struct("<4sII")
_TAIL = Struct("<QqB")
HEADER = _HEADER.size
FRONT = _FRAME.size + _TAIL.size


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the log, just after a frame: everything before it was read.

    >>> Position(1, 900) < Position(2, 32)
    True
    """

    segment: int
    offset: int


START = Position(0, 0)
"""Before everything."""


class Frame(NamedTuple):
    """One thing of the log: all events of a request, say.

    Attributes:
        kind: `admitted`; from a reader also `damaged`, bytes that nobody can read any more, and `erased`,
            where something stood that was forgotten.
        body: what it holds.
        received: when it came, in nanoseconds since 1970 (UTC); 0: now.
        sequence: its number in this log, given by the log.
    """

    kind: Kind
    body: bytes
    received: int = 0
    sequence: int = 0


class Head(NamedTuple):
    """What a segment says about itself."""

    log: bytes
    number: int


def header(head: Head) -> bytes:
    """Return the first bytes of a segment."""
    return _HEADER.pack(_SEGMENT, head.log, head.number)


def opened(first: bytes) -> Head | None:
    """Return what a segment's first bytes say, or None where they are no header.

    >>> opened(header(Head(b"x" * 16, 7))).number
    7
    """
    if len(first) < HEADER:
        return None
    magic, log, number = _HEADER.unpack_from(first)
    return Head(log, number) if magic == _SEGMENT else None


def encoded(frame: Frame) -> bytes:
    """Return a frame as it stands in a segment.

    >>> blob = encoded(Frame("admitted", b"body", 1, 5))
    >>> next(decoded(blob, 0))[1].body, list(decoded(blob[:-1], 0))
    (b'body', [])
    """
    tail = _TAIL.pack(frame.sequence, frame.received, _KINDS.index(frame.kind))
    length = len(frame.body)
    sum_ = crc32(frame.body, crc32(tail, length))
    return b"".join((_FRAME.pack(MAGIC, length, sum_), tail, frame.body))


def decoded(segment: bytes | memoryview, offset: int) -> Iterator[tuple[int, Frame]]:
    """Yield whole frames and where each ends, from an offset up to the first that is torn."""
    view, size = memoryview(segment), len(segment)
    while offset + FRONT <= size:
        magic, length, sum_ = _FRAME.unpack_from(view, offset)
        end = offset + FRONT + length
        if magic != MAGIC or end > size or crc32(view[offset + _FRAME.size : end], length) != sum_:
            return
        sequence, received, kind = _TAIL.unpack_from(view, offset + _FRAME.size)
        if kind >= len(_KINDS):
            return
        yield end, Frame(_KINDS[kind], bytes(view[offset + FRONT : end]), received, sequence)
        offset = end


def size_of(front: bytes) -> int:
    """Return how many bytes a frame says that it has, by its first ones; 0 where no frame begins."""
    if len(front) < FRONT or not front.startswith(MAGIC):
        return 0
    return FRONT + int(_FRAME.unpack_from(front)[1])
