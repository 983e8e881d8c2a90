"""Towns that are too small, too large, too odd, and runs that are killed: an answer or a clear word."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from hearthline.api import Home, init
from hearthline.schema.errors import HomeBusy, HomeMissing, NothingToAnswer, OldLake
from hearthline.schema.event import Device, Signal
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from tests.pipeline.conftest import Story, credit, live_in

Answered = Callable[..., Home]


def test_a_home_without_events_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingToAnswer, match=r"no events yet; add some with `hearthline run"):
        init(tmp_path).run()


def test_a_home_of_which_all_was_refused_says_where_to_look(tmp_path: Path) -> None:
    refused = tmp_path / "ping.json"
    refused.write_text('{"lifecycle": "PING", "executionId": "1", "pingData": {"challenge": "x"}}')
    home = init(tmp_path / "home")
    home.add(refused)
    with pytest.raises(NothingToAnswer, match="all that came was refused; `hearthline rejects"):
        home.run()


def test_reading_before_the_first_run_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HomeMissing, match="no answer yet"):
        init(tmp_path).report("overview")


def test_no_conversion_at_all_is_an_answer_without_money(answered: Answered) -> None:
    story = Story()
    for day in range(5):
        story.touch(day)
    home = answered(story)
    assert credit(home) == {}
    assert {float(s) for s in home.sql("SELECT shop FROM ledger")["shop"].to_pylist()} == {0.0}


def test_orders_before_any_event_are_unattributed_with_the_reason(answered: Answered) -> None:
    story = Story()
    story.order(1, net="10.00")
    story.touch(5)
    home = answered(story)
    assert credit(home) == {"(baseline)": 10.0}
    reasons = home.sql("SELECT DISTINCT reason FROM unattributed")["reason"].to_pylist()
    assert reasons == ["no touch in the look-back"]


def test_orders_alone_without_any_touch_are_an_answer(answered: Answered) -> None:
    story = Story()
    story.order(1, net="10.00")
    home = answered(story)
    assert [
        float(x)
        for x in home.sql("SELECT DISTINCT unattributed FROM ledger WHERE kind = 'person'")[0].to_pylist()
    ] == [10.0]


def test_one_channel_only_gets_all_of_it_from_every_rule(answered: Answered) -> None:
    story = Story()
    for i in range(10):
        story.touch(i, home=f"h{i}")
        story.order(i + 0.5, home=f"h{i}", number=f"n{i}")
    home = answered(story)
    for model in ("first_touch", "last_touch", "linear", "markov", "shapley", "time_decay"):
        assert credit(home, model) == {"tv": 100.0}, model


def test_thousands_of_channels_share_a_name_beyond_the_largest_and_lose_nothing(answered: Answered) -> None:
    story = Story()
    for i in range(3000):
        story.touch(i / 100, home=f"h{i % 50}", channel=f"c{i:05d}")
    for i in range(50):
        story.touch(31, home=f"h{i}", channel="big")
        story.order(32, home=f"h{i}", number=f"n{i}")
    home = answered(story, "models = ['last_touch', 'linear', 'additive_hazard']\n")
    channels = home.sql("SELECT name FROM channels")["name"].to_pylist()
    assert len(channels) == 251
    assert "(other channels)" in channels
    assert credit(home, "last_touch") == {"big": 500.0}
    assert sum(credit(home, "linear").values()) == pytest.approx(500.0)


def test_a_household_with_a_hundred_thousand_events_is_one_household(answered: Answered) -> None:
    story = Story()
    for i in range(100_000):
        story.touch(i / 5000, home="crowd", channel="tv" if i % 2 else "voice")
    story.order(21, home="crowd", net="10.00")
    home = answered(story, "models = ['linear', 'last_touch', 'markov']\n")
    assert home.sql("SELECT count(*) AS n FROM households")["n"].to_pylist() == [1]
    assert sum(credit(home).values()) == pytest.approx(10.0)


def test_touches_and_orders_at_the_same_moment_count_the_touch_first(answered: Answered) -> None:
    story = Story()
    story.order(3, net="10.00")
    story.touch(3)
    assert credit(answered(story)) == {"tv": 10.0}


def test_telemetry_alone_makes_no_touch(answered: Answered) -> None:
    story = Story()
    reading = Signal(capability="thermostat", attribute="temperature", number=21.0)
    story._tell("device.state.reported", 1, "a", layer="device", signal=reading, device=Device(kind="sensor"))
    story.order(3, net="10.00")
    assert credit(answered(story)) == {"(baseline)": 10.0}


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    story = Story()
    story.touch(1)
    home = live_in(tmp_path, story.events)
    with HomeFolder.open(tmp_path).writing(), pytest.raises(HomeBusy, match="another process is writing"):
        home.run()


def test_readers_go_on_while_the_next_answer_is_made(tmp_path: Path) -> None:
    story = Story()
    story.touch(1)
    story.order(2)
    home = live_in(tmp_path, story.events)
    home.run()
    reader = home.answer()
    home.run()
    assert reader.table("SELECT count(*) AS n FROM orders")["n"].to_pylist() == [1]
    reader.close()


def test_a_killed_run_leaves_the_last_good_answer(tmp_path: Path) -> None:
    story = Story()
    for i in range(2000):
        story.touch(i / 50, home=f"h{i % 300}")
        if i % 5 == 0:
            story.order(i / 50 + 0.01, home=f"h{i % 300}", number=f"n{i}")
    home = live_in(tmp_path, story.events)
    home.run()
    good = home.answer().about["run"]
    code = f"from hearthline.api import open_home; open_home({str(tmp_path)!r}).run(progress=lambda s: print(s, flush=True))"
    for wait in ("removing", "crediting", "writing"):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(wait):
                time.sleep(0.05)
                os.kill(process.pid, signal.SIGKILL)
                break
        process.stdout.close()
        process.wait()
        assert home.answer().about["run"] == good
        assert home.report("reconciliation").figure.rows.num_rows > 0
    home.run()
    assert home.answer().about["run"] != good
    assert not list((tmp_path / "answers").glob("*.draft*"))


def test_an_append_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    story = Story()
    story.touch(1)
    live_in(tmp_path, story.events)
    lake = Lake(HomeFolder.open(tmp_path).lake)
    before = lake.manifest()
    with pytest.raises(ZeroDivisionError):
        _break_off(lake, story.events[0].time)
    assert lake.manifest() == before
    assert lake.strays() == []


def _break_off(lake: Lake, received: datetime) -> None:
    with lake.batch(received) as batch:
        batch.write("intake", lake_row())
        raise ZeroDivisionError


def lake_row() -> object:
    import pyarrow as pa

    from hearthline.store.lake import INTAKE

    return pa.Table.from_pylist([{"origin": "x", "read": 1}], schema=INTAKE)


def test_a_lake_from_the_future_is_refused_by_version(tmp_path: Path) -> None:
    story = Story()
    story.touch(1)
    home = live_in(tmp_path, story.events)
    manifest = tmp_path / "lake" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"version": 1', '"version": 99'))
    with pytest.raises(OldLake, match="schema version 99"):
        home.run()


def test_the_answer_is_made_again_from_the_lake_alone(tmp_path: Path) -> None:
    story = Story()
    for i in range(40):
        story.touch(i, home=f"h{i % 4}", channel=f"c{i % 3}")
        story.order(i + 0.5, home=f"h{i % 4}", number=f"n{i}")
    home = live_in(tmp_path, story.events)
    home.run()
    query = "SELECT * EXCLUDE (share_low, share_high) FROM shares ORDER BY ALL"
    first = home.sql(query)
    for file in (tmp_path / "answers").iterdir():
        file.unlink()
    home.run()
    assert home.sql(query) == first
