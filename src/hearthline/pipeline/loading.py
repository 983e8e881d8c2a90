"""The log into the lake: what was acknowledged becomes rows, once, whatever is killed when.

Rows, rejects and the place up to which the log was read become visible in one replacement of the
lake's manifest. Killed before it, nothing happened; killed after it, nothing is left to do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from hearthline.privacy import admit_events, admitted_of, cleaned_frame
from hearthline.schema.cycles import uncollected
from hearthline.schema.records import Reject
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Batch, Lake, LogPlace
from hearthline.store.log import START, Frame, Position, erase, identity_of, read

__all__ = ["Loaded", "load"]

_BATCH_BYTES = 64 << 20
_PART_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one load moved.

    Attributes:
        frames, events, rejects: how many of each.
        size: bytes of the log.
        oldest: when the oldest of it was received; None where there was nothing.
        more: whether the load ended at its limit, so that another would find more.
    """

    frames: int = 0
    events: int = 0
    rejects: int = 0
    size: int = 0
    oldest: datetime | None = None
    more: bool = False


class _Part(NamedTuple):
    """Frames of one received day, their bytes, and the position after them."""

    received: datetime
    frames: list[Frame]
    size: int
    position: Position


def load(home: HomeFolder, most_bytes: int = _BATCH_BYTES) -> Loaded:
    """Move what the log holds and the lake does not into the lake, as one batch.

    Args:
        home: the home; others may write to its log meanwhile.
        most_bytes: about how much of the log to take; the rest is for the next load.

    Raises:
        HomeBusy: another process is loading.
    """
    name = identity_of(home.log)
    if name is None:
        return Loaded()
    frames = events = rejects = size = 0
    oldest: datetime | None = None
    with home.loading(), uncollected(), Lake(home.lake).batch(datetime.now(UTC)) as batch:
        began = since(home, name)
        for part in _parts(home.log, began, most_bytes):
            _admit(batch, part, home.key)
            batch.place = LogPlace(name, part.position.segment, part.position.offset)
            frames += len(part.frames)
            size += part.size
            oldest = min(oldest or part.received, part.received)
        events, rejects = batch.rows.get("events", 0), batch.rows.get("rejects", 0)
    if batch.dropped:
        erase(home.log, partial(cleaned_frame, forgotten=batch.forgotten), began)
    return Loaded(frames, events, rejects, size, oldest, more=size >= most_bytes)


def since(home: HomeFolder, name: str) -> Position:
    """Return up to where the lake holds the log of that name; another log is read from its start."""
    place = Lake(home.lake).place()
    return Position(place.segment, place.offset) if place and place.log == name else START


def _parts(folder: Path, position: Position, most_bytes: int) -> Iterator[_Part]:
    """Yield new frames in parts of one received day and bounded size."""
    taken = 0
    for _, day in groupby(read(folder, position), key=lambda found: _received(found[1]).date()):
        for part in _bounded(day, min(_PART_BYTES, most_bytes)):
            yield part
            taken += part.size
            if taken >= most_bytes:
                return


def _bounded(found: Iterable[tuple[Position, Frame]], most: int) -> Iterator[_Part]:
    frames: list[Frame] = []
    size, end = 0, START
    for end, frame in found:
        frames.append(frame)
        size += len(frame.body)
        if size >= most:
            yield _Part(_received(frames[0]), frames, size, end)
            frames, size = [], 0
    if frames:
        yield _Part(_received(frames[0]), frames, size, end)


def _received(frame: Frame) -> datetime:
    return datetime.fromtimestamp(frame.received / 1e9, UTC)


def _admit(batch: Batch, part: _Part, key: bytes) -> None:
    batch.admit(admitted_of(f.body for f in part.frames if f.kind == "admitted"), part.received)
    damaged = [_damaged(f, part) for f in part.frames if f.kind == "damaged"]
    if damaged:
        batch.admit(admit_events([], [], damaged, key), part.received)


def _damaged(frame: Frame, part: _Part) -> Reject:
    return Reject(
        source="log",
        reason="damaged-log",
        place=f"log:{part.position.segment}",
        wrong=f"{len(frame.body)} bytes of the log do not fit their checksum",
        cure="look after the disk; send the events of that time again, what is there counts once",
        raw=frame.body[:65_536],
    )
