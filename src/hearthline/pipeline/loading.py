"""The log into the lake: what was acknowledged becomes rows, once, whatever is killed when.

Rows, rejects and the place up to which the log was read become visible in one replacement of the
lake's manifest. Killed before it, nothing happened; killed after it, nothing is left to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import groupby

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


@dataclass(slots=True)
class _Part:
    """Frames of one received day, as many as are stored at a time; none is held longer than it is read.

    When `bodies` has been gone through: how many frames they were, their bytes, when the first was received,
    the position after the last, and those that are damaged.
    """

    position: Position
    received: datetime
    frames: int = 0
    size: int = 0
    damaged: list[Frame] = field(default_factory=list)

    def bodies(self, found: Iterator[tuple[Position, Frame]], most: int) -> Iterator[bytes]:
        """Yield what was admitted of the next frames, about so many bytes."""
        for self.position, frame in found:
            if not self.frames:
                self.received = _received(frame)
            self.frames += 1
            self.size += len(frame.body)
            if frame.kind == "admitted":
                yield frame.body
            elif frame.kind == "damaged":
                self.damaged.append(frame)
            if self.size >= most:
                return


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
        for part in _parts(batch, home, began, most_bytes):
            batch.place = LogPlace(name, part.position.segment, part.position.offset)
            frames += part.frames
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


def _parts(batch: Batch, home: HomeFolder, position: Position, most_bytes: int) -> Iterator[_Part]:
    """Store new frames in parts of one received day and bounded size, and yield what each was."""
    taken = 0
    for _, some in groupby(read(home.log, position), key=lambda found: _received(found[1]).date()):
        day = iter(some)
        while taken < most_bytes:
            part = _Part(position, datetime.now(UTC))
            admitted = admitted_of(part.bodies(day, min(_PART_BYTES, most_bytes)))
            if not part.frames:
                break
            batch.admit(admitted, part.received)
            if part.damaged:
                damaged = [_damaged(frame, part) for frame in part.damaged]
                batch.admit(admit_events([], [], damaged, home.key), part.received)
            taken += part.size
            yield part
        if taken >= most_bytes:
            return


def _received(frame: Frame) -> datetime:
    """Return when a frame was received; a damaged one does not say it."""
    return datetime.fromtimestamp(frame.received / 1e9, UTC) if frame.received else datetime.now(UTC)


def _damaged(frame: Frame, part: _Part) -> Reject:
    return Reject(
        source="log",
        reason="damaged-log",
        place=f"log:{part.position.segment}",
        wrong=f"{len(frame.body)} bytes of the log do not fit their checksum",
        cure="look after the disk; send the events of that time again, what is there counts once",
        raw=frame.body[:65_536],
    )
