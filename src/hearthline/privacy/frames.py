"""What was admitted together, as the bytes of a frame of the log, and read from them again.

Events stand there by column (see `schema.columns`), so that what a request's events share is written and read
once. Frames of the first form, an event after the other, are still read.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from hearthline.schema.columns import FIELDS, REQUIRED, Columns, Values, columns_of
from hearthline.schema.event import Event
from hearthline.schema.records import Alias, Metric, RawPayload, Reject

__all__ = ["UNREADABLE", "Told", "frame_of", "told_in"]

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
"""What `told_in` and whoever looks into its columns raise where bytes are no frame."""
_SECOND = 2
_MOST = 1 << 24  # events
_LITTLE = 128


class Told(NamedTuple):
    """Events by column, and what came with them."""

    columns: Columns
    raw: Sequence[RawPayload] = ()
    rejects: Sequence[Reject] = ()
    metrics: Sequence[Metric] = ()
    aliases: Sequence[Alias] = ()


class _First(msgspec.Struct, frozen=True, array_like=True, gc=False):
    events: list[Event]
    raw: list[RawPayload]
    rejects: list[Reject]
    metrics: list[Metric] = []
    aliases: list[Alias] = []


class _Second(msgspec.Struct, frozen=True, array_like=True, gc=False):
    form: int
    rows: int
    values: Values
    at: dict[str, bytes]
    raw: list[RawPayload]
    rejects: list[Reject]
    metrics: list[Metric]
    aliases: list[Alias]
    filling: bytes


_encode = msgspec.msgpack.Encoder().encode
_first = msgspec.msgpack.Decoder(_First).decode
_second = msgspec.msgpack.Decoder(_Second).decode


def frame_of(told: Told, size: int = 0) -> bytes:
    """Return the bytes of a frame; with a size, filled up to that where it is only a little shorter.

    A frame that takes another's place on the disk must leave room for an empty one behind it, or none.
    """
    body = _written(told, b"")
    missing = size - len(body)
    return _written(told, bytes(missing)) if 0 < missing < _LITTLE else body


def _written(told: Told, filling: bytes) -> bytes:
    columns, *beside = told
    return _encode((_SECOND, columns.rows, columns.values, columns.at, *beside, filling))


def told_in(body: bytes) -> Told:
    """Return what stands in a frame; groups of events may stand there as bytes.

    Raises:
        DecodeError, UnicodeDecodeError, RecursionError: they are no frame.
    """
    if body[1:2] != b"\2":
        found = _first(body)
        return Told(columns_of(found.events), found.raw, found.rejects, found.metrics, found.aliases)
    wire = _second(body)
    if not 0 <= wire.rows <= _MOST:
        raise ValueError(f"frame: {wire.rows} events")
    named = zip(FIELDS, msgspec.structs.astuple(wire.values), strict=True)
    values = {name: column for name, column in named if column}
    if wire.rows and not values.keys() >= REQUIRED:
        raise ValueError(f"frame: events without {sorted(REQUIRED - values.keys())}")
    columns = Columns(wire.rows, values, wire.at)
    return Told(columns, wire.raw, wire.rejects, wire.metrics, wire.aliases)
