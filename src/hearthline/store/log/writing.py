"""The log's writer: one write and one sync for all frames that came together."""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hearthline.schema.errors import HomeBusy, LogUnavailable
from hearthline.store.home import sync_folder
from hearthline.store.log.frames import HEADER, Frame, Head, Position, encoded, header
from hearthline.store.log.reading import identity_of, last_frame, path_of, segments

__all__ = ["Disk", "Log"]


class Disk:
    """What the log asks of the disk; a test gives one that fails."""

    def allocate(self, handle: int, size: int) -> None:
        """Reserve the bytes of a new segment, so that writing to it needs no new space."""
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, size)
        else:
            os.ftruncate(handle, size)

    def write(self, handle: int, body: bytes, offset: int) -> None:
        """Write all bytes at an offset."""
        view = memoryview(body)
        while view:
            done = os.pwrite(handle, view, offset)
            view, offset = view[done:], offset + done

    def sync(self, handle: int) -> None:
        """Return when what was written is on the disk."""
        getattr(os, "fdatasync", os.fsync)(handle)


@dataclass(slots=True)
class _Segment:
    """The segment that is written to: everything before `end` is on the disk."""

    number: int
    handle: int
    size: int
    end: int = HEADER


class Log:
    """The one writer of a log; threads may share it.

    Args:
        folder: where the segments lie; it is made where it is missing.
        segment_bytes: how much disk a segment reserves.
        disk: what writes; for tests.

    Raises:
        HomeBusy: another writer has this log.
        LogUnavailable: the folder cannot be written to.

    >>> import tempfile
    >>> from hearthline.store.log import read
    >>> folder = Path(tempfile.mkdtemp())
    >>> log = Log(folder, segment_bytes=1 << 16)
    >>> place = log.append([Frame("admitted", b"one"), Frame("admitted", b"two")])
    >>> [frame.body for _, frame in read(folder)]
    [b'one', b'two']
    >>> log.close()
    """

    def __init__(self, folder: Path, *, segment_bytes: int = 64 << 20, disk: Disk | None = None) -> None:
        self.folder = folder
        self._size, self._disk = segment_bytes, disk or Disk()
        self._pen = threading.Lock()
        self._current: _Segment | None = None
        self._empty: int | None = None
        self._closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder)
            self._id = bytes.fromhex(identity_of(folder) or secrets.token_hex(16))
            self._number = max(segments(folder), default=0)
            self._sequence = self._recovered()
        except OSError as error:
            raise _unavailable(folder, error) from error

    def _recovered(self) -> int:
        """Cut what a crash left behind the newest segment's last whole frame; return that frame's number."""
        found = last_frame(self.folder)
        position, frame = found or (Position(self._number, HEADER), Frame("admitted", b""))
        if self._number:
            end = position.offset if position.segment == self._number else HEADER
            path = path_of(self.folder, self._number)
            os.truncate(path, min(end, path.stat().st_size))
        return frame.sequence

    def append(self, frames: Sequence[Frame]) -> Position:
        """Return the position after these frames once all of them are on the disk.

        Raises:
            LogUnavailable: they are not; none of them may be acknowledged. The next call tries anew.
        """
        with self._pen:
            if self._closed:
                raise LogUnavailable(f"{self.folder}: this log was closed; open it again")
            now, sequence = time.time_ns(), self._sequence
            numbered = (
                frame._replace(received=frame.received or now, sequence=sequence + i)
                for i, frame in enumerate(frames, 1)
            )
            body = b"".join(map(encoded, numbered))
            # Numbers are used up even when the write fails: a reader may have seen them.
            self._sequence += len(frames)
            try:
                return self._written(body)
            except OSError as error:
                raise _unavailable(self.folder, error) from error

    def _written(self, body: bytes) -> Position:
        segment = self._current
        if segment is None or segment.end + len(body) > segment.size:
            segment = self._opened(len(body))
        try:
            self._disk.write(segment.handle, body, segment.end)
            self._disk.sync(segment.handle)
        except OSError:
            self._poisoned(segment)
            raise
        segment.end += len(body)
        return Position(segment.number, segment.end)

    def _opened(self, room: int) -> _Segment:
        """Return a new segment that has room for so many bytes."""
        self._finished()
        number = self._number + 1
        path, size = path_of(self.folder, number), max(self._size, HEADER + room)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._disk.allocate(handle, size)
            self._disk.write(handle, header(Head(self._id, number)), 0)
            self._disk.sync(handle)
            sync_folder(self.folder)
        except OSError:
            os.close(handle)
            path.unlink(missing_ok=True)
            raise
        self._number = number
        if self._empty is not None:  # kept until now, so that its number is never given twice
            path_of(self.folder, self._empty).unlink(missing_ok=True)
            self._empty = None
        self._current = _Segment(number, handle, size)
        return self._current

    def _finished(self) -> None:
        """Let go of the current segment and give back what it did not use."""
        segment, self._current = self._current, None
        if segment is not None:
            try:
                os.ftruncate(segment.handle, segment.end)
            finally:
                os.close(segment.handle)

    def _poisoned(self, segment: _Segment) -> None:
        """Take back what was not synced; this segment is never written to again.

        A reader may have seen frames that are taken back. They count once all the same when their sender
        tries again; but no other frame may ever stand at their place.
        """
        self._empty = segment.number if segment.end == HEADER else None
        try:
            self._finished()
        except OSError:
            return  # a reader then sees frames that nobody acknowledged; their sender tries again

    def close(self) -> None:
        """Finish the segment and let go of the log; what was appended stays."""
        with self._pen:
            if not self._closed:
                self._closed = True
                try:
                    self._finished()
                finally:
                    os.close(self._lock)


def _locked(folder: Path) -> int:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise HomeBusy(
            f"{folder}: another process is writing to this log; stop it first, or use another --home"
        ) from None
    return handle


def _unavailable(folder: Path, error: OSError) -> LogUnavailable:
    return LogUnavailable(
        f"{folder}: the log cannot be written; {error.strerror or error}; free space or mend the disk, "
        "it goes on by itself"
    )
