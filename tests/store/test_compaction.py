"""Small files become large ones, and nobody who reads or writes meanwhile notices."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hearthline.privacy import admit_events
from hearthline.schema.event import Event, Identifier, Touch
from hearthline.schema.records import RawPayload, Reject
from hearthline.store import compaction
from hearthline.store.compaction import compact, sweep
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake, TableName

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NO_GRACE = timedelta(0)


def lake_of(home: HomeFolder, batches: int, received: datetime = NOW) -> Lake:
    lake = Lake(home.lake)
    for n in range(batches):
        event = Event(
            id=f"e{n}",
            source="//test/town",
            type="media.ad.shown",
            time=NOW,
            layer="media",
            touch=Touch(channel=f"c{n % 3}"),
            identifiers=(Identifier(namespace="customer", value=f"u{n % 5}"),),
        )
        raw = RawPayload(sha256=f"{n}", media_type="application/json", body=b"{}")
        reject = Reject(source="s", reason="r", place=f"{n}", wrong="w", cure="c")
        with lake.batch(received) as batch:
            batch.admit(admit_events([event], [raw], [reject], home.key), received)
    return lake


def rows(lake: Lake, table: TableName) -> Counter[str]:
    return Counter(repr(r) for f in lake.files(table) for r in pq.read_table(f).to_pylist())


@pytest.fixture
def home(tmp_path: Path) -> HomeFolder:
    return HomeFolder.create(tmp_path / "home")


def test_merged_batches_hold_the_same_rows_in_one_file_a_table_and_day(home: HomeFolder) -> None:
    lake = lake_of(home, 20)
    lake_of(home, 3, NOW + timedelta(days=1))
    before = {t: rows(lake, t) for t in ("events", "raw", "rejects")}
    kinds = {t: set(rows(lake, t)) for t in ("contexts", "identities")}
    counted = lake.rows("events"), lake.rows("rejects")
    done = compact(lake, least=2)
    assert (done.merges, done.batches) == (2, 23)
    assert [len(lake.files(t)) for t in ("events", "raw", "rejects", "contexts")] == [2, 2, 2, 2]
    assert {t: rows(lake, t) for t in before} == before
    assert {t: set(rows(lake, t)) for t in kinds} == kinds
    assert (lake.rows("events"), lake.rows("rejects")) == counted
    assert max(rows(lake, "contexts").values()) <= 2, "what is said again and again is said once a day"


def test_only_enough_batches_of_one_size_are_merged_by_the_way(home: HomeFolder) -> None:
    lake = lake_of(home, 15)
    assert compact(lake, least=16).merges == 0
    lake_of(home, 1)
    assert compact(lake, least=16).merges == 1
    assert len(lake.manifest()["batches"]) == 1


def test_readers_of_an_old_snapshot_go_on_until_the_grace_is_over(home: HomeFolder) -> None:
    lake = lake_of(home, 4)
    old = lake.snapshot()
    before = rows(old, "events")
    compact(lake, least=2)
    assert sweep(lake, (), timedelta(hours=1)) == 0
    assert rows(old, "events") == before
    pinned = old.files("events")
    assert sweep(lake, pinned, NO_GRACE) > 0
    assert rows(old, "events") == before, "an answer still reads them"
    assert not old.files("raw")[0].exists()
    assert sweep(lake, (), NO_GRACE) == 4
    assert not any(f.exists() for f in pinned)
    assert lake.manifest()["dropped"] == []
    assert rows(lake, "events") == before


def test_what_was_changed_meanwhile_is_not_merged_over(
    home: HomeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_of(home, 3)
    written = compaction._write

    def slowly(folder: Path, table: str, files: list[str], target: str) -> None:
        written(folder, table, files, target)
        with lake.changing() as manifest:
            manifest["batches"] = [b for b in manifest["batches"] if "e1" not in repr(b)][1:]

    monkeypatch.setattr(compaction, "_write", slowly)
    assert compact(lake, least=2).merges == 0
    assert lake.strays() != [], "what the other one took out of the manifest"
    assert not [f for f in lake.strays() if "merged" in f.name]


def test_a_killed_merge_leaves_strays_that_are_never_read_and_go_after_a_day(
    home: HomeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    lake = lake_of(home, 3)
    before = rows(lake, "events")

    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(compaction, "_replaced", killed)
    with pytest.raises(KeyboardInterrupt):
        compact(lake, least=2)
    assert rows(lake, "events") == before
    strays = lake.strays()
    assert strays
    assert sweep(lake, (), NO_GRACE) == 0
    for stray in strays:
        os.utime(stray, (0, 0))
    assert sweep(lake, (), NO_GRACE) == len(strays)
    assert lake.strays() == []
