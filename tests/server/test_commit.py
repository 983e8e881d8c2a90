"""Many senders, one disk: who is told what, and when."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from hearthline.schema.errors import LogUnavailable, QueueFull
from hearthline.server.commit import Commit
from hearthline.store.log import Frame, Position


class SlowPaper:
    """A log that waits until it is let go, and fails when told to."""

    def __init__(self) -> None:
        self.groups: list[list[bytes]] = []
        self.gate = threading.Semaphore(0)
        self.began = threading.Event()
        self.broken: Exception | None = None

    def append(self, frames: Sequence[Frame]) -> Position:
        self.began.set()
        self.gate.acquire(timeout=10)
        if self.broken:
            raise self.broken
        self.groups.append([f.body for f in frames])
        return Position(1, sum(len(g) for g in self.groups))


@pytest.fixture
def paper() -> SlowPaper:
    return SlowPaper()


def test_nobody_is_told_before_the_disk_has_it(paper: SlowPaper) -> None:
    told: list[object] = []
    commit = Commit(paper)
    commit.keep_nowait(b"a", told.append)
    paper.began.wait(10)
    assert told == []
    paper.gate.release()
    commit.close()
    assert told == [Position(1, 1)]


def test_all_that_came_during_one_sync_goes_into_the_next(paper: SlowPaper) -> None:
    async def many() -> list[Position]:
        commit = Commit(paper)
        waiting = [asyncio.create_task(commit.keep(b"%d" % i)) for i in range(10)]
        await asyncio.to_thread(paper.began.wait, 10)
        await asyncio.sleep(0)
        paper.gate.release(3)
        found = await asyncio.gather(*waiting)
        commit.close()
        return found

    places = asyncio.run(many())
    assert [len(g) for g in paper.groups] in ([1, 9], [10])
    assert len(places) == 10


def test_what_is_read_in_one_go_is_written_in_one_go(paper: SlowPaper) -> None:
    async def many() -> None:
        commit = Commit(paper)
        paper.gate.release(100)
        for _ in range(3):
            await asyncio.gather(*[commit.keep(b"x") for _ in range(20)])
        await commit.keep(b"alone")
        commit.close()

    asyncio.run(many())
    assert [len(group) for group in paper.groups] == [20, 20, 20, 1]


def test_a_broken_disk_is_told_to_everyone_and_the_next_frame_tries_again(paper: SlowPaper) -> None:
    async def twice() -> None:
        commit = Commit(paper)
        paper.broken = LogUnavailable("log: full")
        paper.gate.release(2)
        with pytest.raises(LogUnavailable):
            await commit.keep(b"a")
        paper.broken = None
        assert await commit.keep(b"b") == Position(1, 1)
        commit.close()

    asyncio.run(twice())
    assert paper.groups == [[b"b"]]


def test_a_defect_of_the_log_is_told_and_does_not_end_the_thread(paper: SlowPaper) -> None:
    async def twice() -> None:
        commit = Commit(paper)
        paper.broken = ZeroDivisionError("a defect")
        paper.gate.release(2)
        with pytest.raises(ZeroDivisionError):
            await commit.keep(b"a")
        paper.broken = None
        await commit.keep(b"b")
        commit.close()

    asyncio.run(twice())


def test_a_full_queue_refuses_at_once_and_has_room_again_later(paper: SlowPaper) -> None:
    commit = Commit(paper, most_bytes=1000)
    told: list[object] = []
    commit.keep_nowait(b"x" * 600, told.append)
    paper.began.wait(10)
    commit.keep_nowait(b"x" * 200, told.append)
    with pytest.raises(QueueFull, match="no room"):
        commit.keep_nowait(b"x" * 600, told.append)
    paper.gate.release(10)
    commit.close()
    assert len(told) == 2
    assert commit.waiting_bytes == 0


def test_closing_writes_what_waits_and_refuses_what_comes_later(paper: SlowPaper) -> None:
    commit = Commit(paper)
    told: list[object] = []
    for _ in range(5):
        commit.keep_nowait(b"a", told.append)
    paper.gate.release(10)
    commit.close()
    assert len(told) == 5
    with pytest.raises(QueueFull, match="closing"):
        commit.keep_nowait(b"b", told.append)


def test_whoever_left_disturbs_nobody(paper: SlowPaper) -> None:
    async def one_leaves() -> Position:
        commit = Commit(paper)
        gone = asyncio.create_task(commit.keep(b"a"))
        stays = asyncio.create_task(commit.keep(b"b"))
        await asyncio.to_thread(paper.began.wait, 10)
        gone.cancel()
        paper.gate.release(2)
        found = await stays
        commit.close()
        return found

    assert asyncio.run(one_leaves())
    assert [body for group in paper.groups for body in group] == [b"a", b"b"]
