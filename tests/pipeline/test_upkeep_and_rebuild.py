"""The answer is a cache: lake and log alone bring it back, byte for byte."""

import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from hearthline.api import Home
from hearthline.pipeline import load, upkeep
from hearthline.pipeline.rebuilding import prints
from hearthline.privacy import admitted_frame
from hearthline.schema.errors import HomeBusy
from hearthline.schema.settings import LogSettings
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from hearthline.store.log import Frame, Log, segments

from .conftest import Story, live_in

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def told() -> Story:
    story = Story()
    for n in range(40):
        home = "abcdefgh"[n % 8]
        story.touch(n % 20, home=home, channel=("tv", "radio", "web")[n % 3])
        if n % 4 == 0:
            story.order(21 + n % 5, home=home, net=f"{n}.10")
    story.enrol(2)
    story.machine(22)
    return story


def logged(home: HomeFolder, story: Story, *, segment_bytes: int = 1 << 20, load_each: bool = True) -> None:
    log = Log(home.log, segment_bytes=segment_bytes)
    for event in story.events:
        log.append([Frame("admitted", admitted_frame([event], [], [], home.key, NOW))])
        if load_each:
            load(home)
    log.close()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose events came by the log, answered."""
    home = live_in(tmp_path_factory.mktemp("lived") / "home", [])
    logged(HomeFolder.open(home.path), told())
    home.run()
    return home


def test_a_rebuild_gives_the_same_answer_whatever_was_cached(lived: Home) -> None:
    folder = HomeFolder.open(lived.path)
    before, events = prints(folder)
    assert events == len(told().events)
    assert len(before) > 10
    found = lived.rebuild()
    assert (found.differ, found.before, found.events) == ((), events, events)
    for file in folder.answers.iterdir():
        file.write_bytes(b"rubbish")
    found = lived.rebuild()
    assert found.before is None
    assert prints(folder)[0] == before
    shutil.rmtree(folder.answers)
    lived.run()
    assert prints(folder)[0] == before


def test_a_rebuild_tells_what_was_tampered_with(lived: Home) -> None:
    folder = HomeFolder.open(lived.path)
    (file,) = folder.answers.glob("*.duckdb")
    with duckdb.connect(str(file)) as con:
        con.execute("UPDATE orders SET net = net + 0.01 WHERE order_id = (SELECT min(order_id) FROM orders)")
    assert lived.rebuild().differ == ("orders",)


def test_a_lost_lake_comes_back_from_the_log(lived: Home) -> None:
    folder = HomeFolder.open(lived.path)
    before = prints(folder)[0]
    (folder.lake / "manifest.json").unlink()
    assert lived.rebuild().differ == ()
    assert prints(folder)[0] == before


def test_merged_files_give_the_same_answer(lived: Home) -> None:
    folder = HomeFolder.open(lived.path)
    before = prints(folder)[0]
    upkeep(folder, LogSettings(grace_minutes=0), thorough=True)
    assert len(Lake(folder.lake).files("events")) < 5
    lived.run()
    assert prints(folder)[0] == before
    lived.events()


def test_loaded_segments_go_after_their_days_and_others_stay(tmp_path: Path) -> None:
    home = HomeFolder.create(tmp_path / "home")
    logged(home, told(), segment_bytes=1 << 16, load_each=False)
    logged(home, told(), segment_bytes=1 << 16, load_each=False)
    for number in segments(home.log):
        old = time.time() - timedelta(days=8).total_seconds()
        os.utime(home.log / f"{number:010d}.seg", (old, old))
    assert upkeep(home, LogSettings()).retired == 0, "nothing was loaded yet"
    assert load(home).events == 2 * len(told().events)
    assert upkeep(home, LogSettings(keep_days=9)).retired == 0
    assert upkeep(home, LogSettings()).retired == 1
    assert segments(home.log) == [2], "the newest stays: it says how the log goes on"
    logged(home, told(), load_each=False)
    assert load(home).events == len(told().events)


def test_one_process_merges_at_a_time(tmp_path: Path) -> None:
    home = HomeFolder.create(tmp_path / "home")
    with home.merging(), pytest.raises(HomeBusy, match="merging"):
        upkeep(home, LogSettings())
