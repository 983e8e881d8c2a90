"""What comes after the answer is seen at once, beside the answer, and is gone from there when it is in one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

import hearthline as hl
from hearthline.pipeline import run, silent
from hearthline.pipeline.loading import load
from hearthline.pipeline.upkeep import upkeep
from hearthline.schema.settings import LogSettings
from hearthline.server.api.service import Service
from hearthline.server.taking import taken
from hearthline.sources import Proof, Sent
from hearthline.store.config import load_settings
from hearthline.store.home import HomeFolder
from hearthline.store.log import Frame, Log
from web.serving import serving

NOW = datetime.now(UTC)


def call(number: int, user: str, order: str | None = None, **context: Any) -> dict[str, Any]:
    """Return an SDK's call of some minutes ago."""
    bought = {"order_id": order, "total": 12.5, "currency": "EUR"}
    return {
        "type": "track",
        "event": "Order Completed" if order else "Product Viewed",
        "messageId": f"m{number}",
        "userId": user,
        "timestamp": (NOW - timedelta(minutes=30 - number)).isoformat(),
        "context": {"campaign": {"source": "search", "medium": "cpc"}, **context},
        "properties": bought if order else {"product_id": "p"},
    }


class Kept:
    """A home to which events come, as from a door."""

    def __init__(self, folder: Path) -> None:
        hl.init(folder)
        self.home = HomeFolder.open(folder)
        self.services: list[Service] = []

    def come(self, *calls: dict[str, Any]) -> None:
        """Bring events into the lake."""
        body = json.dumps({"batch": calls}).encode()
        sent = Sent(path="/v1/batch", body=body, received=datetime.now(UTC))
        log = Log(self.home.log)
        log.append([Frame("admitted", taken("segment", sent, Proof(scheme="none"), self.home.key).body)])
        log.close()
        load(self.home)

    def answer(self) -> None:
        """Make the answer anew."""
        run(self.home, load_settings(self.home.settings_file), None, silent, demo=False)

    def service(self) -> Service:
        """Return what pages are answered from."""
        self.services.append(Service.of(self.home.path, None, frozenset({"read"})))
        return self.services[-1]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """A home whose answer knows two users."""
    found = Kept(tmp_path / "home")
    found.come(call(1, "ann"), call(2, "ann", "o1"), call(3, "bob"), call(4, "bob", "o2"))
    found.answer()
    yield found
    for service in found.services:  # what they make ahead must not outlive the tests
        service.shelves.settle()


@pytest.fixture
def address(kept: Kept) -> Iterator[str]:
    """A dashboard of that home."""
    with serving(kept.home.path) as found:
        yield found


def test_an_order_is_on_the_screen_before_an_answer_holds_it(kept: Kept, address: str) -> None:
    assert requests.get(f"{address}/orders/o3", timeout=30).status_code == 404
    kept.come(call(5, "ann"), call(6, "ann", "o3"))
    page = requests.get(f"{address}/orders/o3", timeout=30)
    assert page.status_code == 200
    assert "Newer than the answer" in page.text
    assert "12.50" in page.text
    told = requests.get(f"{address}/api/arrived?order=o3", timeout=30).json()
    assert [(e["id"], e["commerce_order"]) for e in told["events"]] == [("m6", "o3")]
    assert requests.get(f"{address}/api/arrived", timeout=30).json()["total"] == 2
    stream = requests.get(f"{address}/stream/arrived", timeout=30).text
    assert "Not in the answer yet</dt><dd>2" in stream
    assert "/orders/o3" in stream
    assert requests.get(f"{address}/orders/o4", timeout=30).status_code == 404


def test_a_home_shows_what_came_after_the_answer_and_no_other_home_does(kept: Kept, address: str) -> None:
    service = kept.service()
    units = {r["order_id"]: r["unit"] for r in service.shelf.rows("SELECT order_id, unit FROM orders")}
    assert units["o1"] != units["o2"]
    kept.come(call(5, "ann", ip="203.0.113.9"), call(6, "cid"))  # ann with an address that is new
    assert [e["id"] for e in service.tail.of_home(service.shelf, units["o1"])] == ["m5"]
    assert service.tail.of_home(service.shelf, units["o2"]) == []
    page = requests.get(f"{address}/household/{units['o1']}", timeout=30).text
    assert "1 event after this answer" in page
    assert "after this answer" not in requests.get(f"{address}/household/{units['o2']}", timeout=30).text


def test_what_the_answer_holds_is_not_after_it(kept: Kept) -> None:
    service = kept.service()
    kept.come(call(4, "bob", "o2"), call(5, "ann"))  # the first is a duplicate
    kept.come(call(5, "ann"))
    assert [e["id"] for e in service.tail.newest(service.shelf, 9)[0]] == ["m5"]
    kept.answer()
    again = kept.service()
    assert again.tail.newest(again.shelf, 9) == ([], 0)


def test_merging_files_brings_nothing_back(kept: Kept) -> None:
    service = kept.service()
    for number in range(5, 25):
        kept.come(call(number, "ann"))
    assert service.tail.newest(service.shelf, 3)[1] == 20
    assert upkeep(kept.home, LogSettings()).merged.merges
    for one in (service, kept.service()):  # one that read the small files, and one that reads the merged one
        found, whole = one.tail.newest(one.shelf, 3)
        assert ([e["id"] for e in found], whole) == (["m24", "m23", "m22"], 20)


def test_of_a_heap_the_newest_is_shown(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearthline.server.api.tail._MOST_READ", 3)
    service = kept.service()
    for number in range(5, 15, 2):
        kept.come(call(number, "ann"), call(number + 1, "ann"))
    found, whole = service.tail.newest(service.shelf, 2)
    assert ([e["id"] for e in found], whole) == (["m14", "m13"], 4)
    kept.come(call(15, "ann"))
    assert service.tail.newest(service.shelf, 2)[1] == 5


def test_a_file_that_is_gone_meanwhile_hides_nothing(kept: Kept) -> None:
    service = kept.service()
    kept.come(call(5, "ann"))
    files = sorted((kept.home.lake / "events").rglob("*.parquet"), key=lambda f: f.stat().st_mtime)
    moved = files[-1].rename(files[-1].with_suffix(".moved"))
    assert service.tail.newest(service.shelf, 2) == ([], 0)
    moved.rename(files[-1])
    assert service.tail.newest(service.shelf, 2)[1] == 1


def test_who_denied_measurement_is_not_shown(kept: Kept) -> None:
    service = kept.service()
    denied = {"consent": {"categoryPreferences": {"Analytics": False}}}
    kept.come(call(5, "ann", **denied), call(6, "ann"))
    assert [e["id"] for e in service.tail.newest(service.shelf, 9)[0]] == ["m6"]


def test_an_identifier_that_two_homes_share_tells_of_neither(kept: Kept) -> None:
    shared = {"anonymousId": "browser-in-a-library"}
    for user, first in (("ann", 5), ("bob", 10)):
        kept.come(*({**call(first + n, user), **shared} for n in range(3)))
    kept.answer()
    service = kept.service()
    units = {r["order_id"]: r["unit"] for r in service.shelf.rows("SELECT order_id, unit FROM orders")}
    assert units["o1"] != units["o2"]
    nobody = {**call(20, "cid"), **shared}
    del nobody["userId"]
    kept.come(nobody)
    assert [e["id"] for e in service.tail.newest(service.shelf, 9)[0]] == ["m20"]
    for unit in units.values():
        assert service.tail.of_home(service.shelf, unit) == []


def test_an_event_that_names_two_homes_is_shown_in_both_as_unsure(kept: Kept, address: str) -> None:
    service = kept.service()
    units = {r["order_id"]: r["unit"] for r in service.shelf.rows("SELECT order_id, unit FROM orders")}
    kept.come(call(5, "ann", ip="203.0.113.9"), {**call(6, "ann"), "previousId": "bob"})
    for order, shown in (("o1", [("m6", True), ("m5", False)]), ("o2", [("m6", True)])):
        found = service.tail.of_home(service.shelf, units[order])
        assert [(e["id"], e["unsure"]) for e in found] == shown
        page = requests.get(f"{address}/household/{units[order]}", timeout=30).text
        assert page.count("names another home too") == 1
