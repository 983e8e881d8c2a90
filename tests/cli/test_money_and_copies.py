"""Orders without an exchange rate are spoken of, and what came twice is shown once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Called = Callable[..., Any]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    orders, events = tmp_path / "orders.csv", tmp_path / "events.csv"
    orders.write_text(
        "order_id,created_at,customer,total,currency,consent\n"
        "order-1,2026-03-01T10:00:00Z,c,20,EUR,yes\norder-2,2026-03-02T10:00:00Z,d,30,EUR,yes\n"
    )
    events.write_text(
        "ts,event,customer,channel,consent\n2026-02-28T10:00:00Z,search,c,voice,yes\n"
        "2026-02-28T11:00:00Z,search,d,tv,yes\n"
    )
    return orders, events


def test_orders_without_a_rate_are_spoken_of(
    called: Called, files: tuple[Path, Path], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    called("init", home)
    (home / "hearthline.toml").write_text('[money]\ncurrency = "USD"\n')
    said = " ".join(called("run", *files, "--home", home).out.split())
    assert "Set aside 2 orders of €50.00: no exchange rate to USD" in said
    assert "[money] rates = { EUR = ... }" in said
    assert "every order is in a currency without an exchange rate" in said
    opened = called("explain", "order-1", "--home", home)
    assert opened.code == 0, opened.err
    assert "€20.00" in opened.out
    assert "[money] rates in hearthline.toml has no rate for EUR" in " ".join(opened.out.split())


@pytest.mark.parametrize("written", ['currency = "EURO"', "rates = { DOLLAR = 0.9 }", 'currency = "usd"'])
def test_a_code_that_is_no_currencys_is_refused(
    called: Called, files: tuple[Path, Path], tmp_path: Path, written: str
) -> None:
    home = tmp_path / "home"
    called("init", home)
    (home / "hearthline.toml").write_text(f"[money]\n{written}\n")
    said = called("run", *files, "--home", home)
    assert said.code == 2
    assert "hearthline.toml:2" in said.err
    assert "is no currency's code" in said.err


def test_what_was_read_twice_is_shown_once(called: Called, files: tuple[Path, Path], tmp_path: Path) -> None:
    home = tmp_path / "home"
    called("run", *files, "--home", home)
    said = " ".join(called("run", files[1], "--home", home).out.split())
    assert "Read 2 events from 1 file; 4 events in this home; 2 came twice and count once" in said
    called("run", *files, "--home", home)
    opened = json.loads(called("explain", "order-1", "--home", home, "--json").out)
    assert len(opened["events"]) == 1
    assert [c["events"] for c in opened["consents"]] == [2]
    assert len(json.loads(called("events", "--home", home, "--json").out)) == 4
    assert len(json.loads(called("events", "--limit", "3", "--home", home, "--json").out)) == 3


def test_of_copies_at_other_times_the_one_that_came_first_is_shown(called: Called, tmp_path: Path) -> None:
    home, sent = tmp_path / "home", tmp_path / "sent.ndjson"
    seen = {"type": "track", "event": "Product Viewed", "messageId": "one", "anonymousId": "a"}
    seen |= {"properties": {"sku": "tea"}}
    for time in ("2026-02-28T10:00:00Z", "2026-02-28T12:00:00Z", "2026-02-28T08:00:00Z"):
        sent.write_text(json.dumps(seen | {"timestamp": time}) + "\n")
        called("add", sent, "--source", "segment", "--home", home)
    assert " 2 came twice" in called("run", "--home", home).out
    (event,) = json.loads(called("events", "--home", home, "--json").out)
    assert event["time"].startswith("2026-02-28T10:00")
    later = ("--where", "time > TIMESTAMPTZ '2026-02-28 11:00:00Z'")
    assert json.loads(called("events", *later, "--home", home, "--json").out) == []
