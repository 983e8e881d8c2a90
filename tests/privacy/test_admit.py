"""No personal identifier passes the door: not in events, not in raw payloads, not in rejects."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from hearthline.api import init
from hearthline.privacy import Admitted, admit_events, admit_tables, admitted_frame, admitted_of, mask
from hearthline.schema.arrow import events_table, identities_table
from hearthline.schema.event import Event, Hint, Identifier, Intent, Raw
from hearthline.schema.records import RawPayload, Reject

KEY = b"k" * 32
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRETS = ("ann@example.com", "+49 30 1234567", "203.0.113.7", "Ann Example", "Lindenweg 3", "bearer-abc")


def event(**fields: object) -> Event:
    base = {"id": "1", "source": "//a/b", "type": "a.b.c", "time": NOW, "layer": "commerce"}
    return Event(**{**base, **fields})


PERSONAL = event(
    identifiers=(
        Identifier(namespace="email", value="Ann@Example.com", personal=True),
        Identifier(namespace="phone", value="+49 30 1234567", personal=True),
        Identifier(namespace="customer", value="c1"),
    ),
    household_hints=(Hint(kind="ip", value="203.0.113.7", personal=True),),
    intent=Intent(utterance="mail it to ann@example.com"),
    raw=Raw(sha256="x"),
)
BODY = {
    "email": "ann@example.com",
    "customer": {"name": "Ann Example", "phone": "+49 30 1234567", "note": "call ann@example.com"},
    "shipping_address": {"address1": "Lindenweg 3", "city": "Berlin"},
    "browser_ip": "203.0.113.7",
    "authToken": "bearer-abc",
    "total": "9.99",
    "line_items": [{"name": "Oat milk", "price": "9.99"}],
}


def everything(admitted: Admitted) -> str:
    parts = [admitted.events.to_pylist(), admitted.identities.to_pylist()]
    parts += [[p.body for p in admitted.raw], [msgspec.to_builtins(r) for r in admitted.rejects]]
    return repr(parts)


def test_nothing_personal_passes_the_door() -> None:
    raw = RawPayload(sha256="x", media_type="application/json", body=json.dumps(BODY).encode())
    reject = Reject(
        source="s",
        reason="r",
        place="line 1",
        wrong="got ann@example.com",
        cure="c",
        raw=json.dumps(BODY).encode(),
    )
    shown = everything(admit_events([PERSONAL], [raw], [reject], KEY)).lower()
    for secret in SECRETS:
        assert secret.lower() not in shown
    assert "oat milk" in shown
    assert "9.99" in shown


def test_what_stands_in_the_log_is_masked_and_reads_back_as_what_was_admitted() -> None:
    raw = RawPayload(sha256="x", media_type="application/json", body=json.dumps(BODY).encode())
    reject = Reject(
        source="s", reason="r", place="p", wrong="got ann@example.com", cure="c", raw=b"ann@example.com"
    )
    events = [PERSONAL, event(id="2", time_received=NOW)]
    frame = admitted_frame(events, [raw], [reject], KEY, NOW)
    for secret in SECRETS:
        assert secret.lower().encode() not in frame.lower()
    stamped = msgspec.structs.replace(PERSONAL, time_received=NOW)
    direct = admit_events([stamped, events[1]], [raw], [msgspec.structs.replace(reject, received=NOW)], KEY)
    assert everything(admitted_of([frame])) == everything(direct)
    assert admitted_of([frame, frame]).events.num_rows == 4


def test_a_frame_that_nobody_can_read_is_a_reject_and_stops_nothing() -> None:
    good = admitted_frame([PERSONAL], [], [], KEY, NOW)
    torn = [good[:-1], b"", b"\x00", b"\xc1", good[:1] + b"\x81" * 5000]
    admitted = admitted_of([*torn, good])
    assert admitted.events.num_rows == 1
    assert [r.reason for r in admitted.rejects] == ["damaged-frame"] * len(torn)


def test_the_same_person_has_the_same_hash_in_events_and_files() -> None:
    by_event = admit_events([PERSONAL], [], [], KEY)
    by_table = admit_tables(events_table([PERSONAL]), identities_table([PERSONAL]), [], KEY)
    assert by_event.events["identity"].to_pylist() == by_table.events["identity"].to_pylist()
    assert by_event.identities.to_pylist() == by_table.identities.to_pylist()


def test_another_home_has_another_hash() -> None:
    here, there = (admit_events([PERSONAL], [], [], k).identities.to_pylist() for k in (KEY, b"other"))
    assert here[0]["identifiers"][0]["value"] != there[0]["identifiers"][0]["value"]


def test_an_event_that_names_nobody_has_identity_zero() -> None:
    admitted = admit_tables(events_table([event()]), identities_table([event()]), [], KEY)
    assert admitted.events["identity"].to_pylist() == [0]


def test_nobody_else_can_make_what_may_be_stored() -> None:
    good = admit_events([], [], [], KEY)
    with pytest.raises(TypeError, match="only admit_events and admit_tables"):
        Admitted(good.events, good.identities, (), (), (), (), object())


def test_a_reject_that_is_no_json_is_masked_as_text() -> None:
    reject = Reject(source="s", reason="r", place="p", wrong="w", cure="c", raw=b"a;ann@example.com;\xff")
    kept = admit_events([], [], [reject], KEY).rejects[0]
    assert b"ann@" not in kept.raw
    assert kept.raw.startswith(b"a;hmac:")


def test_masking_keeps_shape_and_leaves_its_input_alone() -> None:
    before = json.dumps(BODY)
    masked = mask(BODY, KEY)
    assert json.dumps(BODY) == before
    assert masked.keys() == BODY.keys()
    assert masked["authToken"] == "cut"


def test_no_byte_of_a_home_holds_an_address_that_came_in_a_file(tmp_path: Path) -> None:
    lines = [
        {
            "type": "track",
            "event": "Order Completed",
            "messageId": f"m{i}",
            "timestamp": "2026-03-01T10:00:00Z",
            "userId": f"u{i}",
            "context": {"traits": {"email": f"person{i}@example.com"}, "ip": f"203.0.113.{i}"},
            "properties": {"order_id": f"o{i}", "revenue": 9.5, "currency": "EUR"},
        }
        for i in range(20)
    ]
    file = tmp_path / "segment.ndjson"
    file.write_text("\n".join(map(json.dumps, lines)) + '\n{"broken": "other@example.com"}\n')
    orders = tmp_path / "orders.csv"
    orders.write_text("order_id,ts,amount,currency,email\n1,2026-03-02T10:00:00Z,5,EUR,buyer@example.com\n")
    home = init(tmp_path / "home")
    home.add(file, orders)
    home.run()
    for parquet in (tmp_path / "home").rglob("*.parquet"):
        shown = repr(pq.read_table(parquet).to_pylist())
        assert "@example.com" not in shown, parquet.name
        assert "203.0.113" not in shown, parquet.name
    for other in (p for p in (tmp_path / "home").rglob("*") if p.is_file()):
        assert b"@example.com" not in other.read_bytes(), other.name
