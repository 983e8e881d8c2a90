"""The log into the lake: every acknowledged event once, whatever stops in between."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from hearthline import sources
from hearthline.api import init
from hearthline.pipeline.loading import load
from hearthline.privacy import admitted_frame
from hearthline.schema.errors import HomeBusy
from hearthline.schema.event import Commerce, Event, Touch
from hearthline.schema.records import Metric
from hearthline.store import lake as lake_module
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from hearthline.store.log import Frame, Log, read
from hearthline.store.log.reading import path_of

from .conftest import RECEIVED, Story, credit, live_in

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def events(*numbers: int) -> list[Event]:
    base = {"source": "//test/town", "type": "media.ad.shown", "time": NOW, "layer": "media"}
    return [Event(id=f"e{n}", **base, touch=Touch(channel="tv")) for n in numbers]


def frame(home: HomeFolder, told: Sequence[Event], received: datetime = NOW) -> Frame:
    body = admitted_frame(told, [], [], home.key, received)
    return Frame("admitted", body, int(received.timestamp() * 1e9))


@pytest.fixture
def home(tmp_path: Path) -> HomeFolder:
    return HomeFolder.create(tmp_path / "home")


def stored(home: HomeFolder) -> list[str]:
    return sorted(i for f in Lake(home.lake).files("events") for i in pq.read_table(f)["id"].to_pylist())


def test_what_was_acknowledged_is_in_the_lake_once(home: HomeFolder) -> None:
    log = Log(home.log)
    assert load(home).frames == 0
    log.append([frame(home, events(1, 2)), frame(home, events(3))])
    first = load(home)
    assert (first.frames, first.events, first.more) == (2, 3, False)
    assert load(home).frames == 0
    log.append([frame(home, events(4))])
    assert load(home).events == 1
    assert stored(home) == ["e1", "e2", "e3", "e4"]


def test_rows_and_place_change_together_or_not_at_all(
    home: HomeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    Log(home.log).append([frame(home, events(1))])
    written = lake_module.write_durably

    def killed(path: Path, body: bytes, mode: int = 0o644) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lake_module, "write_durably", killed)
    with pytest.raises(KeyboardInterrupt):
        load(home)
    assert Lake(home.lake).manifest() == {"version": 1, "batches": []}
    monkeypatch.setattr(lake_module, "write_durably", written)
    assert load(home).events == 1
    assert stored(home) == ["e1"]
    assert load(home).frames == 0


def test_a_part_of_a_long_log_is_loaded_at_a_time(home: HomeFolder) -> None:
    log = Log(home.log, segment_bytes=1 << 12)
    for n in range(40):
        log.append([frame(home, events(n))])
    loads = [load(home, most_bytes=1000)]
    while loads[-1].more:
        loads.append(load(home, most_bytes=1000))
    assert len(loads) > 3
    assert sum(one.events for one in loads) == 40
    assert len(stored(home)) == len(set(stored(home))) == 40


def test_a_poison_frame_is_a_reject_and_the_rest_goes_on(home: HomeFolder) -> None:
    log = Log(home.log)
    log.append([frame(home, events(1)), Frame("admitted", b"\xc1poison"), frame(home, events(2))])
    assert load(home).rejects == 1
    assert stored(home) == ["e1", "e2"]
    (reject,) = init(home.path).rejects().to_pylist()
    assert (reject["source"], reject["reason"], reject["raw"]) == ("log", "damaged-frame", b"\xc1poison")


def test_a_damaged_place_of_the_log_is_a_reject_and_the_rest_goes_on(home: HomeFolder) -> None:
    log = Log(home.log)
    log.append([frame(home, events(1)), frame(home, events(2)), frame(home, events(3))])
    log.close()
    second = Log(home.log)
    second.append([frame(home, events(4))])
    places = [position.offset for position, _ in read(home.log)]
    content = bytearray(path_of(home.log, 1).read_bytes())
    content[places[0] + 40] ^= 1
    path_of(home.log, 1).write_bytes(content)
    assert load(home).rejects == 1
    assert stored(home) == ["e1", "e3", "e4"]


def test_an_event_that_no_column_can_hold_is_a_reject_and_the_rest_goes_on(home: HomeFolder) -> None:
    odd = msgspec.structs.replace(events(2)[0], commerce=Commerce(total=Decimal("1e30")))
    Log(home.log).append([frame(home, [*events(1), odd, *events(3)])])
    assert load(home).rejects == 1
    assert stored(home) == ["e1", "e3"]
    (reject,) = init(home.path).rejects().to_pylist()
    assert reject["reason"] == "does-not-fit"


def test_each_received_day_has_its_own_files(home: HomeFolder) -> None:
    late = NOW + timedelta(days=1)
    Log(home.log).append([frame(home, events(1)), frame(home, events(2), late)])
    load(home)
    days = [f.parent.name for f in Lake(home.lake).files("events")]
    assert days == ["received=2026-06-01", "received=2026-06-02"]
    received = [pq.read_table(f)["time_received"].to_pylist() for f in Lake(home.lake).files("events")]
    assert received == [[NOW], [late]]


def test_another_log_in_the_same_place_is_read_from_its_start(home: HomeFolder) -> None:
    log = Log(home.log)
    log.append([frame(home, events(1))])
    load(home)
    log.close()
    for file in home.log.iterdir():
        file.unlink()
    Log(home.log).append([frame(home, events(2))])
    assert load(home).events == 1


def test_only_one_process_loads(home: HomeFolder) -> None:
    Log(home.log).append([frame(home, events(1))])
    with home.loading(), pytest.raises(HomeBusy, match="another process is loading"):
        load(home)
    with home.writing():
        assert load(home).events == 1, "files are added and answers made while the log is loaded"


def test_an_event_by_two_doors_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    track = {
        "type": "track",
        "event": "Product Viewed",
        "messageId": "m1",
        "userId": "u1",
        "timestamp": "2026-03-01T10:00:00Z",
        "context": {"library": {"name": "analytics-python", "version": "2.3"}},
        "properties": {"product_id": "p1"},
    }
    file.write_text(json.dumps(track) + "\n")
    home = init(tmp_path / "home")
    home.add(file)
    found, _ = sources.read_all("segment", track, NOW)
    folder = HomeFolder.open(home.path)
    log = Log(folder.log)
    for _ in ("by HTTP", "by MQTT"):
        log.append([frame(folder, found)])
        load(folder)
    home.run()
    (counted,) = home.sql("SELECT events, duplicates FROM run").to_pylist()
    assert counted == {"events": 1, "duplicates": 2}


def test_late_and_unordered_events_land_in_the_journey_of_their_household(tmp_path: Path) -> None:
    story = Story()
    story.touch(1, channel="tv")
    story.touch(2, channel="radio")
    story.touch(3, home="b", channel="web")
    story.order(4, net="10.00")
    told = story.events
    in_order = live_in(tmp_path / "ordered", told)
    in_order.run()
    late = live_in(tmp_path / "late", told[3:])
    folder = HomeFolder.open(late.path)
    log = Log(folder.log)
    for event in (told[2], told[1], told[0], told[1]):
        log.append([frame(folder, [event], RECEIVED + timedelta(days=2))])
        load(folder)
    late.run()
    assert credit(late) == credit(in_order) == {"tv": 5.0, "radio": 5.0}


def test_metrics_come_into_the_lake_with_the_frame_and_frames_from_before_them_are_read(
    home: HomeFolder,
) -> None:
    log = Log(home.log)
    day = datetime(2026, 3, 1, tzinfo=UTC)
    metric = Metric(source="//acme/-/-", metric="users", start=day, end=day, dimensions={}, value=7.0)
    told = admitted_frame(events(1), [], [], home.key, NOW, metrics=[metric])
    before = msgspec.msgpack.encode([events(2), [], []])  # as frames were written at first
    log.append([Frame("admitted", told, int(NOW.timestamp() * 1e9)), Frame("admitted", before)])
    load(home)
    lake = Lake(home.lake)
    assert (stored(home), lake.rows("rejects")) == (["e1", "e2"], 0)
    (row,) = pq.read_table(lake.files("metrics")[0]).to_pylist()
    assert (row["metric"], row["value"], row["received"]) == ("users", 7.0, NOW)
