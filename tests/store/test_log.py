"""The log: whole frames in, whole frames out, whatever the disk or a crash does."""

import errno
import os
import threading
from pathlib import Path

import pytest

from hearthline.schema.errors import HomeBusy, LogUnavailable
from hearthline.store.log import START, Disk, Frame, Log, Position, identity_of, read, segments
from hearthline.store.log.frames import HEADER, encoded
from hearthline.store.log.reading import path_of

SMALL = 1 << 12


def frames(*bodies: bytes) -> list[Frame]:
    return [Frame("admitted", body) for body in bodies]


def bodies(folder: Path, since: Position = START) -> list[bytes]:
    return [frame.body for _, frame in read(folder, since)]


class Ailing(Disk):
    """A disk that fails where it is told to, having done half of the work."""

    def __init__(self) -> None:
        self.fails: dict[str, int] = {}

    def allocate(self, handle: int, size: int) -> None:
        self._ail("allocate")
        super().allocate(handle, size)

    def write(self, handle: int, body: bytes, offset: int) -> None:
        if "write" in self.fails and offset:
            super().write(handle, body[: len(body) * 2 // 3], offset)
            self._ail("write")
        super().write(handle, body, offset)

    def sync(self, handle: int) -> None:
        self._ail("sync")
        super().sync(handle)

    def _ail(self, what: str) -> None:
        if what in self.fails:
            raise OSError(self.fails[what], os.strerror(self.fails[what]))


def test_frames_come_back_in_order_across_segments(tmp_path: Path) -> None:
    log = Log(tmp_path, segment_bytes=SMALL)
    sent = [b"%d" % i * 100 for i in range(50)]
    for body in sent:
        log.append(frames(body))
    assert len(segments(tmp_path)) > 1
    found = list(read(tmp_path))
    assert [f.body for _, f in found] == sent
    assert [f.sequence for _, f in found] == list(range(1, 51))
    for i, (position, _) in enumerate(found):
        assert bodies(tmp_path, position) == sent[i + 1 :]
    log.close()
    assert bodies(tmp_path) == sent


def test_a_frame_larger_than_a_segment_and_than_a_read_fits(tmp_path: Path) -> None:
    log = Log(tmp_path, segment_bytes=SMALL)
    sent = [b"a", os.urandom(5 << 20), b"b", os.urandom(6 << 20)]
    for body in sent:
        log.append(frames(body))
    assert bodies(tmp_path) == sent


def test_a_reader_that_tails_a_writer_sees_every_frame_once(tmp_path: Path) -> None:
    log, done, sent = Log(tmp_path, segment_bytes=SMALL), threading.Event(), [b"%d" % i for i in range(2000)]

    def write() -> None:
        for i in range(0, len(sent), 5):
            log.append(frames(*sent[i : i + 5]))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    position, seen, last_round = START, [], False
    while not last_round:
        last_round = done.is_set()
        new = list(read(tmp_path, position))
        seen += [frame.body for _, frame in new]
        position = new[-1][0] if new else position
    writer.join()
    assert seen == sent


def test_threads_share_a_log_and_processes_do_not(tmp_path: Path) -> None:
    log = Log(tmp_path, segment_bytes=1 << 16)
    threads = [
        threading.Thread(target=lambda i=i: [log.append(frames(b"%d.%d" % (i, j))) for j in range(20)])
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    with pytest.raises(HomeBusy, match="another process is writing to this log"):
        Log(tmp_path)
    for thread in threads:
        thread.join()
    assert sorted(bodies(tmp_path)) == sorted(b"%d.%d" % (i, j) for i in range(4) for j in range(20))
    log.close()
    Log(tmp_path).close()
    with pytest.raises(LogUnavailable, match="closed"):
        log.append(frames(b"late"))


def test_a_frame_torn_at_any_byte_is_cut_and_the_log_goes_on(tmp_path: Path) -> None:
    whole = b"".join(encoded(Frame("admitted", b"body-%d" % i, 1, i)) for i in (1, 2))
    second = len(encoded(Frame("admitted", b"body-1", 1, 1)))
    for cut in range(second, len(whole)):
        for tail in (b"", b"\x00" * 64, b"\xff" * 64):
            folder = tmp_path / f"{cut}-{tail[:1].hex()}"
            log = Log(folder, segment_bytes=SMALL)
            log.append(frames(b"body-1"))
            kept = path_of(folder, 1).read_bytes()[:HEADER]
            log.close()
            path_of(folder, 1).write_bytes(kept + whole[:cut] + tail)
            assert bodies(folder) == [b"body-1"]
            log = Log(folder, segment_bytes=SMALL)
            assert path_of(folder, 1).stat().st_size == HEADER + second
            log.append(frames(b"after"))
            log.close()
            found = list(read(folder))
            assert [f.body for _, f in found] == [b"body-1", b"after"]
            assert [p.segment for p, _ in found] == [1, 2]


def test_any_flipped_byte_costs_its_frame_and_no_other(tmp_path: Path) -> None:
    log = Log(tmp_path, segment_bytes=SMALL)
    log.append(frames(b"first", b"second", b"third"))
    log.close()
    Log(tmp_path).close()
    whole = path_of(tmp_path, 1).read_bytes()
    start = HEADER + len(encoded(Frame("admitted", b"first")))
    end = start + len(encoded(Frame("admitted", b"second")))
    path_of(tmp_path, 2).write_bytes(b"")  # the segment has a successor: it is complete
    for at in range(start, end):
        path_of(tmp_path, 1).write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        found = [f for _, f in read(tmp_path)]
        assert [f.kind for f in found] == ["admitted", "damaged", "admitted"]
        assert [f.body for f in found if f.kind == "admitted"] == [b"first", b"third"]
        assert len(found[1].body) == end - start


@pytest.mark.parametrize("step", ["allocate", "write", "sync"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("before", [0, 3])
def test_what_the_disk_refused_is_not_acknowledged_and_the_log_heals(
    tmp_path: Path, step: str, code: int, before: int
) -> None:
    disk = Ailing()
    log = Log(tmp_path, segment_bytes=1 << 10, disk=disk)
    kept = [b"kept-%d" % i for i in range(before)]
    for body in kept:
        log.append(frames(body))
    disk.fails = {step: code}
    for _ in range(20):
        with pytest.raises(LogUnavailable, match=os.strerror(code)):
            log.append(frames(b"lost" * 300))
    assert len(segments(tmp_path)) <= 2, "a failing disk must not be littered"
    assert not {b"lost" * 300} & set(bodies(tmp_path))
    disk.fails = {}
    log.append(frames(b"after"))
    log.close()
    assert bodies(tmp_path) == [*kept, b"after"]


def test_frames_that_a_reader_saw_and_the_disk_lost_hide_no_later_ones(tmp_path: Path) -> None:
    disk = Ailing()
    log = Log(tmp_path, segment_bytes=SMALL, disk=disk)
    log.append(frames(b"kept"))
    seen: list[Position] = []

    def failing_sync(handle: int) -> None:
        seen.extend(position for position, _ in read(tmp_path))
        raise OSError(errno.EIO, "Input/output error")

    disk.sync = failing_sync  # type: ignore[method-assign] # a disk that is read before it fails
    with pytest.raises(LogUnavailable):
        log.append(frames(b"in doubt", b"in doubt too"))
    del disk.sync
    assert len(seen) == 3
    log.append(frames(b"after"))
    assert bodies(tmp_path, seen[-1]) == [b"after"]
    assert bodies(tmp_path) == [b"kept", b"after"]


def test_a_new_log_in_the_same_place_has_another_name(tmp_path: Path) -> None:
    first = Log(tmp_path / "a", segment_bytes=SMALL)
    assert identity_of(tmp_path / "a") is None
    first.append(frames(b"x"))
    name = identity_of(tmp_path / "a")
    first.close()
    again = Log(tmp_path / "a", segment_bytes=SMALL)
    again.append(frames(b"y"))
    assert identity_of(tmp_path / "a") == name
    other = Log(tmp_path / "b", segment_bytes=SMALL)
    other.append(frames(b"x"))
    assert identity_of(tmp_path / "b") != name
