"""Whoever is forgotten is gone from every byte of the home, and does not come back."""

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from hearthline import sources
from hearthline.api import Home, init
from hearthline.pipeline import load
from hearthline.pipeline.searching import searched
from hearthline.privacy import admitted_frame
from hearthline.privacy.pseudonym import pseudonym
from hearthline.schema.errors import UnknownName
from hearthline.schema.event import Event, Identifier, Raw, Signal
from hearthline.schema.records import RawPayload, Reject
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from hearthline.store.log import Frame, Log, read

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ANN, BOB = "ann@example.com", "bob@example.com"


def tracked(number: int, user: str, email: str, name: str = "Product Viewed") -> dict[str, object]:
    return {
        "type": "track",
        "event": name,
        "messageId": f"m{number}",
        "userId": user,
        "anonymousId": f"browser-of-{user}",
        "timestamp": f"2026-05-{number % 28 + 1:02}T10:00:00Z",
        "context": {"traits": {"email": email}, "library": {"name": "analytics-python", "version": "2.3"}},
        "properties": {"order_id": f"o{number}", "revenue": 9.5, "currency": "EUR", "product_id": "p1"},
    }


def logged(
    home: HomeFolder, log: Log, *messages: dict[str, object], rejects: tuple[Reject, ...] = ()
) -> None:
    """Append one frame with these messages, as a door does."""
    events: list[Event] = []
    raw = []
    for number, message in enumerate(messages):
        body = json.dumps(message).encode()
        found, _ = sources.read_all("segment", message, NOW)
        events += [
            Event(
                **{f: getattr(e, f) for f in e.__struct_fields__ if f != "raw"},
                raw=Raw(sha256=f"{number}{hash(body)}"),
            )
            for e in found
        ]
        raw.append(RawPayload(sha256=f"{number}{hash(body)}", media_type="application/json", body=body))
    log.append([Frame("admitted", admitted_frame(events, raw, rejects, home.ring.now(), NOW))])


def lived(path: Path) -> tuple[Home, HomeFolder, Log]:
    """Return a home in which Ann and Bob shop, by the log and by a file, answered; its log is still open."""
    home = init(path / "home")
    folder = HomeFolder.open(home.path)
    (home.path / "hearthline.toml").write_text("[attribution]\nreplicates = 2\n")
    log = Log(folder.log, segment_bytes=1 << 16)
    for n in range(0, 40, 2):
        name = "Order Completed" if n % 10 == 0 else "Product Viewed"
        logged(folder, log, tracked(n, "ann-1234", ANN, name), tracked(n + 1, "bob-5678", BOB, name))
    broken = Reject(
        source="segment", reason="not-an-event", place="-", wrong="?", cure="-", raw=b'{"userId": "ann-1234"}'
    )
    logged(folder, log, rejects=(broken,))
    file = path / "more.ndjson"
    file.write_text("".join(json.dumps(tracked(n, "ann-1234", ANN)) + "\n" for n in range(100, 105)))
    home.add(file)
    while load(folder).more:
        pass
    home.run()
    return home, folder, log


def everything(home: Path) -> str:
    parts = [repr(pq.read_table(f).to_pylist()) for f in home.rglob("*.parquet")]
    parts += [repr(frame.body) for _, frame in read(home / "log")]
    for file in home.rglob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as con:
            for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                parts.append(repr(con.execute(f'SELECT * FROM "{table}"').fetchall()))
    return "".join(parts)


def test_the_forgotten_are_gone_from_every_byte_and_others_stay(tmp_path: Path) -> None:
    home, folder, log = lived(tmp_path)
    hashed = pseudonym("email", ANN, folder.key)
    for word in ("ann-1234", "browser-of-ann-1234", hashed):
        assert word in everything(home.path)
    counted = home.events(limit=1000).num_rows
    found = home.forget(f"email:{ANN}")
    assert found.rows["events"] >= 25
    assert found.rows["rejects"] == 1
    assert found.frames == 21
    assert found.proof is not None
    assert found.proof.found == ()
    assert found.proof.tables > 10
    left = everything(home.path)
    for word in ("ann-1234", hashed, ANN):
        assert word not in left
        assert not [f for f in home.path.rglob("*") if f.is_file() and word.encode() in f.read_bytes()]
    assert "bob-5678" in left
    assert home.events(limit=1000).num_rows == counted - found.rows["events"]
    log.close()


def test_the_forgotten_do_not_come_back_by_any_door(tmp_path: Path) -> None:
    home, folder, log = lived(tmp_path)
    home.forget("ann-1234")
    before = len(Lake(folder.lake).files("events"))
    logged(folder, log, tracked(200, "ann-1234", ANN), tracked(201, "bob-5678", BOB))
    logged(folder, log, tracked(202, "ann-new", ANN))
    load(folder)
    home.add(tmp_path / "more.ndjson")
    left = everything(home.path)
    for word in ("ann-1234", "ann-new", pseudonym("email", ANN, folder.key)):
        assert word not in left, "neither in the lake nor in the log, also with a new id and the same e-mail"
    assert "m201" in left
    assert len(Lake(folder.lake).files("events")) == before + 1
    (folder.lake / "manifest.json").unlink()
    home.rebuild()
    assert "ann-1234" not in everything(home.path), "nor by a replay of the log"
    assert searched(home.path, ["ann-1234"]).found == ()
    log.close()


def test_the_search_sees_what_was_left_behind(tmp_path: Path) -> None:
    home, _, log = lived(tmp_path)
    log.close()
    found = searched(home.path, ["ann-1234"])
    kinds = {place.split("/")[0] for place in found.found}
    assert kinds >= {"lake", "log", "answers"}
    (home.path / "notes.txt").write_text("ann-1234 called")
    assert home.forget("ann-1234").proof.found == ("notes.txt",)  # type: ignore[union-attr] # no dry run
    assert searched(home.path, ["abc"]).short == 1


def test_a_dry_run_counts_and_changes_nothing(tmp_path: Path) -> None:
    home, _, log = lived(tmp_path)
    before = everything(home.path)
    found = home.forget("ann-1234", dry_run=True)
    assert found.rows["events"] >= 25
    assert found.proof is None
    assert everything(home.path) == before
    assert not (home.path / "forgotten.json").exists()
    assert home.forget("ann-1234").rows == found.rows
    log.close()


def test_a_household_is_forgotten_with_what_its_devices_told(tmp_path: Path) -> None:
    home, folder, log = lived(tmp_path)
    told = [
        Event(
            id=f"d{n}",
            source="//kettle/-",
            type="device.level.reported",
            time=NOW,
            layer="device",
            signal=Signal(capability="level", number=float(n)),
            identifiers=(
                Identifier(namespace="acme.device", value="kettle-of-ann"),
                *((Identifier(namespace="segment.user", value="ann-1234"),) if n == 0 else ()),
            ),
        )
        for n in range(6)
    ]
    log.append([Frame("admitted", admitted_frame(told, [], [], folder.key, NOW))])
    load(folder)
    home.run()
    alone = home.forget("ann-1234", dry_run=True).rows["events"]
    together = home.forget("ann-1234", household=True).rows["events"]
    assert together == alone + 5
    assert "kettle-of-ann" not in everything(home.path)
    log.close()


def test_nobody_is_named_in_the_list_or_in_a_message(tmp_path: Path) -> None:
    home, _, log = lived(tmp_path)
    with pytest.raises(UnknownName) as caught:
        home.forget("email:nobody@example.com")
    assert "nobody@" not in str(caught.value)
    home.forget("ann-1234")
    listed = (home.path / "forgotten.json").read_text()
    assert "ann" not in listed
    assert ANN not in listed
    log.close()


def test_when_the_last_one_is_forgotten_there_is_no_answer_left(tmp_path: Path) -> None:
    home, folder, log = lived(tmp_path)
    found = home.forget("ann-1234", "bob-5678")
    assert found.proof is not None
    assert found.proof.found == ()
    assert not (folder.answers / "current.json").exists()
    log.close()
