import csv
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from hearthline import sources
from hearthline.schema.event import Event
from hearthline.sim import CHANNEL_NAMES, simulate, write_payloads, write_tables
from hearthline.sim.payloads import FILES
from hearthline.sim.payloads.broken import KINDS, break_some

HOMES, DAYS, SEED = 250, 60, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("payloads")
    write_payloads("additive", HOMES, DAYS, SEED, place)
    return place


def payloads(folder: Path, name: str) -> list[dict]:
    out = []
    for line in (folder / name).read_bytes().splitlines():
        try:
            value = json.loads(line)
        except (ValueError, UnicodeDecodeError):
            continue
        if isinstance(value, dict) and any(value.values()):
            out.append(value)
    return out


def test_the_sources_read_every_line_but_the_broken_ones(folder: Path) -> None:
    received = datetime(2026, 6, 1, tzinfo=UTC)
    channels, orders = set(), set()
    for name in FILES:
        unread = 0
        for line in (folder / name).read_bytes().splitlines():
            events = read(line, received)
            unread += not events
            channels |= {e.touch.channel for e in events if e.stage in ("awareness", "consideration")}
            orders |= {
                e.commerce.order for e in events if e.commerce.action == "placed" and e.commerce.revenue
            }
        assert unread == 6, name
    assert channels - {None} == set(CHANNEL_NAMES)
    assert len(orders) == simulate("additive", HOMES, DAYS, SEED).orders.num_rows


def read(line: bytes, received: datetime) -> list[Event]:
    try:
        payload = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    name = sources.recognise(payload) if isinstance(payload, dict) else None
    return sources.read_all(name, payload, received)[0] if name else []


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_payloads("additive", HOMES, DAYS, SEED, tmp_path)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_the_shop_tells_every_order_of_the_story(folder: Path) -> None:
    story = simulate("additive", HOMES, DAYS, SEED)
    orders = {
        str(p["id"]): Decimal(p["subtotal_price"])
        for p in payloads(folder, "shopify.ndjson")
        if isinstance(p, dict)
        and str(p.get("admin_graphql_api_id", "")).startswith("gid://shopify/Order/")
        and "id" in p
    }
    lived = {row["order"]: Decimal(row["gross"]) / 100 for row in story.orders.to_pylist()}
    assert orders == lived


def test_machine_orders_carry_the_note_that_names_their_automation(folder: Path) -> None:
    kinds = Counter()
    for order in payloads(folder, "shopify.ndjson"):
        if order.get("note_attributes"):
            notes = {n["name"]: n["value"] for n in order["note_attributes"]}
            kinds[order["source_name"], notes["automation_system"]] += 1
            assert int(notes["automation_cycle"]) >= 1
    assert set(kinds) == {("api", "amazon_dash"), ("subscription_contract", "stripe")}


def test_sign_ins_link_the_accounts_of_other_platforms(folder: Path) -> None:
    linked = set()
    for call in payloads(folder, "segment.ndjson"):
        if call.get("type") == "identify":
            assert call["traits"]["email"].endswith("@example.com")
            linked |= {entry["type"] for entry in call["context"].get("externalIds", ())}
    assert linked == {
        "alexa.user",
        "alexa.person",
        "smartthings.location",
        "amazon.directed_customer",
        "alexa.endpoint",
    }


def test_every_channel_is_met_at_some_door(folder: Path) -> None:
    told = {
        call["properties"].get("channel")
        for call in payloads(folder, "segment.ndjson")
        if call.get("type") == "track" and isinstance(call.get("properties"), dict)
    }
    assert {"smart-tv", "car-audio", "home-display", "appliance", "sensor-alert", "wearable"} <= told
    asked = [p for p in payloads(folder, "alexa_skill.ndjson") if p.get("session")]
    spoken = [p for p in asked if p["request"]["type"] == "IntentRequest"]
    assert len(spoken) < len(asked)
    assert {p["session"]["attributes"]["channel"] for p in spoken} == {"voice-search"}


def test_ids_repeat_only_for_messages_that_are_delivered_twice(folder: Path) -> None:
    calls = [c for c in payloads(folder, "segment.ndjson") if "messageId" in c]
    whole = Counter(c["messageId"] for c in calls)
    assert max(whole.values()) <= 3
    assert 0.003 < sum(n - 1 for n in whole.values()) / len(calls) < 0.02


def test_about_forty_lines_are_broken_in_every_way(folder: Path, tmp_path: Path) -> None:
    sound = {name: [b'{"event":{"a":1},"n":%d}' % i for i in range(50)] for name in FILES}
    before = Counter(line for lines in sound.values() for line in lines)
    break_some(sound, seed=1)
    after = Counter(line for lines in sound.values() for line in lines)
    assert not before - after
    assert 35 <= sum((after - before).values()) <= 45
    assert len(KINDS) >= 7


def test_spend_is_a_table_of_channels_campaigns_and_days(folder: Path) -> None:
    with (folder / "ad_spend.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({(r["channel"], r["campaign"], r["day"]) for r in rows}) > 100
    assert all(Decimal(r["cost"]) > 0 and r["currency"] == "EUR" for r in rows)
    assert {"smart-tv", "search-ads", "appliance"} <= {r["channel"] for r in rows}
    assert all(r["campaign"].startswith(r["channel"]) for r in rows)


def test_tables_tell_the_same_town_to_a_stranger(tmp_path: Path) -> None:
    counts = write_tables("additive", HOMES, DAYS, SEED, tmp_path)
    story = simulate("additive", HOMES, DAYS, SEED)
    with (tmp_path / "orders.csv").open(encoding="utf-8") as file:
        orders = list(csv.DictReader(file))
    assert counts["orders.csv"] == len(orders)
    assert sum(Decimal(o["amount"]) for o in orders) == Decimal(sum(story.orders["net"].to_pylist())) / 100
    assert {o["placed_by"] for o in orders} == {"person", "machine", "subscription"}
    assert all(bool(o["subscription_id"]) == (o["placed_by"] != "person") for o in orders)
    with (tmp_path / "events.csv").open(encoding="utf-8") as file:
        events = list(csv.DictReader(file))
    assert counts["events.csv"] == len(events)
    assert sum(bool(e["channel"]) for e in events) == story.touches.num_rows
    assert all(datetime.fromisoformat(e["ts"]).tzinfo == UTC for e in events[:50])


def test_tables_with_the_same_seed_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_tables("multiplicative", 60, 30, 9, tmp_path / name)
    for file in ("events.csv", "orders.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
