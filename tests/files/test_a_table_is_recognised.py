import gzip
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hearthline.files import Payloads, Rows, find, read
from hearthline.schema.arrow import EVENTS, IDENTITIES, events_table, identities_table
from hearthline.schema.errors import BadFile
from hearthline.schema.event import Event, Hint, Identifier

EVENTS_CSV = """ts,device_id,device_type,event,household,person,channel
2026-03-01T10:00:00Z,d1,speaker,ad_impression,h1,,voice-ads
2026-03-01T10:05:00+01:00,d2,phone,search,h1,p1,
2026-03-01T10:06:00Z,d3,sensor,temperature,h1,,speaker
2026-03-01T10:07:00Z,d1,speaker,ask,,,
"""
ORDERS_CSV = """order_id,ts,amount,currency,household,placed_by,via
1001,2026-03-02T10:00:00Z,20.00,EUR,h1,person,voice
1002,2026-03-03T10:00:00Z,9.99,eur,h1,machine,
1003,2026-03-03T11:00:00Z,5,EUR,h2,subscription,
"""


def rows(path: Path, text: str | bytes, name: str = "t.csv", **how) -> list[Rows]:
    file = path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    got = read(file, **how)
    assert not isinstance(got, Payloads)
    return list(got)


def one(path: Path, text: str | bytes, name: str = "t.csv", **how) -> Rows:
    (got,) = rows(path, text, name, **how)
    assert got.read == got.accepted + len(got.rejects)
    return got


def test_usual_columns_of_events_are_understood(tmp_path):
    got = one(tmp_path, EVENTS_CSV)
    assert got.kind == "events"
    assert got.rejects == []
    assert got.events.schema.equals(EVENTS)
    e = got.events.to_pylist()
    assert [x["touch_channel"] for x in e] == ["voice-ads", "mobile", None, "voice"]
    assert [x["stage"] for x in e] == ["awareness", "consideration", "none", "consideration"]
    assert [x["modality"] for x in e] == ["voice", "screen", "ambient", "voice"]
    assert [x["initiator_kind"] for x in e] == ["unknown", "human", "machine", "human"]
    assert e[0]["source"] == "//file/t"
    assert e[1]["time"] == datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    assert e[1]["tz_offset_min"] == 60
    assert e[2]["raw_reference"].endswith("t.csv:4")
    assert {x["type"] for x in e} == {
        "media.ad.ad_impression",
        "platform.phone.search",
        "device.sensor.temperature",
        "device.speaker.ask",
    }


def test_identities_are_those_of_the_schema(tmp_path):
    got = one(tmp_path, EVENTS_CSV)
    same = Event(
        id="x",
        source="s",
        type="t",
        layer="device",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        identifiers=(
            Identifier(namespace="device", value="d2"),
            Identifier(namespace="household", value="h1"),
            Identifier(namespace="person", value="p1"),
        ),
        household_hints=(Hint(kind="home", value="h1"),),
    )
    expected = identities_table([same]).to_pylist()[0]
    assert got.identities.schema.equals(IDENTITIES)
    keys = got.events.column("identity").to_pylist()
    assert keys[1] == expected["identity"]
    found = {r["identity"]: r for r in got.identities.to_pylist()}
    assert found[keys[1]] == expected
    assert set(keys) == set(found)


def test_a_row_that_names_nobody_has_identity_zero(tmp_path):
    got = one(tmp_path, "ts,device_id,event\n2026-03-01T10:00:00Z,,search\n")
    assert got.events.column("identity").to_pylist() == [0]
    assert got.identities.num_rows == 0


def test_mail_and_phone_and_ip_are_marked_as_personal(tmp_path):
    text = "ts,email,phone,ip,event\n2026-03-01T10:00:00Z,a@example.com,+49 30 1,192.0.2.1,search\n"
    who = one(tmp_path, text).identities.to_pylist()[0]["identifiers"]
    assert {(i["namespace"], i["personal"]) for i in who} == {("email", True), ("phone", True), ("ip", True)}


def test_usual_columns_of_orders_are_understood(tmp_path):
    got = one(tmp_path, ORDERS_CSV)
    assert got.kind == "orders"
    e = got.events.to_pylist()
    assert [x["commerce_revenue"] for x in e] == [Decimal(20), Decimal("9.99"), Decimal(5)]
    assert [x["commerce_currency"] for x in e] == ["EUR"] * 3
    assert [x["initiator_kind"] for x in e] == ["human", "machine", "scheduled"]
    assert [x["automation_kind"] for x in e] == [None, "replenishment", "subscription"]
    assert [x["automation_role"] for x in e] == [None, "act", "act"]
    assert [x["modality"] for x in e] == ["voice", "automated", "automated"]
    assert {x["type"] for x in e} == {"commerce.order.placed"}
    assert [x["touch_channel"] for x in e] == [None] * 3
    assert "no such columns" in got.guesses["revenue"]


def test_revenue_is_without_tax_and_shipping_where_columns_tell(tmp_path):
    text = "order_id,ts,total,tax,shipping,email\n1,2026-03-02T10:00:00Z,25.00,4.00,1.00,a@example.com\n"
    got = one(tmp_path, text)
    assert got.events.column("commerce_revenue").to_pylist() == [Decimal(20)]
    assert got.events.column("commerce_total").to_pylist() == [Decimal(25)]
    assert got.guesses["revenue"] == "total - tax - shipping"


def test_gross_loses_its_discount(tmp_path):
    text = "order_id,ts,gross_sales,discount,email\n1,2026-03-02T10:00:00Z,25.00,-4.00,a@example.com\n"
    assert one(tmp_path, text).events.column("commerce_revenue").to_pylist() == [Decimal(21)]


def test_a_negative_amount_with_refund_of_is_a_refund(tmp_path):
    text = (
        "order_id,ts,amount,refund_of,household\n"
        "1,2026-03-02T10:00:00Z,20,,h\n2,2026-03-03T10:00:00Z,-5,1,h\n3,2026-03-03T10:00:00Z,-5,,h\n"
    )
    got = one(tmp_path, text)
    e = got.events.to_pylist()
    assert [x["type"] for x in e] == ["commerce.order.placed", "commerce.order.refunded"]
    assert (e[1]["commerce_refund_of"], e[1]["commerce_revenue"]) == ("1", Decimal(5))
    assert [r.reason for r in got.rejects] == ["negative-amount"]
    assert got.rejects[0].place.endswith("t.csv:4:24")
    assert got.rejects[0].raw == b"3,2026-03-03T10:00:00Z,-5,,h"


def test_an_order_row_that_tells_its_refund_is_two_events(tmp_path):
    text = (
        "order_id,ts,total,tax,refunded_amount,financial_status,email\n"
        "1,2026-03-02T10:00:00Z,24,4,6,partially_refunded,a@example.com\n"
        "2,2026-03-02T10:00:00Z,24,4,,refunded,a@example.com\n"
        "3,2026-03-02T10:00:00Z,24,4,24,refunded,a@example.com\n"
        "4,2026-03-02T10:00:00Z,24,4,0,paid,a@example.com\n"
    )
    got = one(tmp_path, text)
    refunds = [x for x in got.events.to_pylist() if x["type"] == "commerce.order.refunded"]
    assert [(x["commerce_refund_of"], x["commerce_revenue"]) for x in refunds] == [
        ("1", Decimal(6)),
        ("2", Decimal(20)),
        ("3", Decimal(20)),
    ]
    assert got.accepted == 4
    assert len({x["id"] for x in got.events.to_pylist()}) == 7


def test_a_cancelled_order_says_so(tmp_path):
    text = "order_id,ts,amount,status,household\n1,2026-03-02T10:00:00Z,24,Canceled,h\n"
    (e,) = one(tmp_path, text).events.to_pylist()
    assert (e["type"], e["commerce_action"]) == ("commerce.order.cancelled", "cancelled")


def test_enrolments_may_stand_among_orders(tmp_path):
    text = (
        "order_id,ts,amount,type,subscription_id,cycle,household\n"
        ",2026-03-01T10:00:00Z,,subscription_started,S1,,h\n"
        "7,2026-04-01T10:00:00Z,12,renewal,S1,1,h\n"
        "8,2026-04-02T10:00:00Z,12,one-time,,,h\n"
        ",2026-05-01T10:00:00Z,,subscription_cancelled,S1,,h\n"
    )
    got = one(tmp_path, text)
    assert got.rejects == []
    e = got.events.to_pylist()
    assert [x["automation_role"] for x in e] == ["enrol", "act", None, "end"]
    assert [x["automation_ref_id"] for x in e] == ["S1", "S1", None, "S1"]
    assert [x["type"] for x in e] == [
        "commerce.enrolment.started",
        "commerce.order.placed",
        "commerce.order.placed",
        "commerce.enrolment.ended",
    ]
    assert e[1]["automation_cycle"] == 1


def test_enrolments_and_orders_may_stand_among_events(tmp_path):
    text = (
        "ts,device_id,event,channel,order_id,amount,currency,subscription_id\n"
        "2026-03-01T10:00:00Z,d,replenishment_enabled,app,,,,S1\n"
        "2026-03-01T11:00:00Z,d,purchase,web,77,19.50,EUR,\n"
        "2026-03-01T12:00:00Z,d,search,web,,,,\n"
        "2026-03-01T12:30:00Z,d,purchase,web,78,,EUR,\n"
    )
    got = one(tmp_path, text)
    e = {x["type"]: x for x in got.events.to_pylist()}
    assert e["commerce.enrolment.started"]["automation_ref_id"] == "S1"
    assert e["commerce.enrolment.started"]["touch_channel"] is None
    assert e["commerce.order.placed"]["commerce_revenue"] == Decimal("19.5")
    assert e["commerce.order.placed"]["initiator_kind"] == "human"
    assert e["platform.event.search"]["touch_channel"] == "web"
    assert [r.reason for r in got.rejects] == ["missing-amount"]


def test_further_lines_of_an_order_join_it(tmp_path):
    text = (
        "Name,Email,Financial Status,Created at,Currency,Subtotal,Shipping,Taxes,Total,Lineitem quantity,"
        "Lineitem name,Lineitem price\n"
        "#1,a@example.com,paid,2026-03-01 10:00:00 +0100,EUR,30,5,0,35,2,Filter,10\n"
        "#1,a@example.com,,2026-03-01 10:00:00 +0100,,,,,,1,Salt,10\n"
        "#2,b@example.com,paid,2026-03-01 11:00:00 +0100,EUR,7,0,0,7,1,Salt,7\n"
    )
    got = one(tmp_path, text)
    assert (got.kind, got.accepted, got.rejects) == ("orders", 3, [])
    a, b = got.events.to_pylist()
    assert (a["commerce_order"], a["commerce_revenue"], a["commerce_total"]) == (
        "#1",
        Decimal(30),
        Decimal(35),
    )
    assert [(p["product_id"], p["quantity"], p["price"]) for p in a["commerce_products"]] == [
        ("Filter", Decimal(2), Decimal(10)),
        ("Salt", Decimal(1), Decimal(10)),
    ]
    assert len(b["commerce_products"]) == 1
    assert a["time"] == datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_an_order_split_between_parts_is_still_one_order(tmp_path):
    text = (
        "order_id,ts,total,product,household\n1,2026-03-01T10:00:00Z,30,a,h\n"
        + "1,2026-03-01T10:00:00Z,,b,h\n" * 4
    )
    parts = rows(tmp_path, text, chunk_rows=2)
    assert sum(p.events.num_rows for p in parts) == 1
    assert sum(p.accepted for p in parts) == 5


def test_a_day_is_enough_for_an_order_but_not_for_an_event(tmp_path):
    got = one(tmp_path, "order_id,order_date,amount,household\n1,2026-03-02,24,h\n")
    (e,) = got.events.to_pylist()
    assert (e["time"], e["time_quality"]) == (datetime(2026, 3, 2, tzinfo=UTC), "interval")
    events = one(tmp_path, "date,device_id,event\n2026-03-02,d,search\n")
    assert [r.reason for r in events.rejects] == ["no-zone"]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("channel,campaign,day,cost,currency", "tv,c,2026-03-01,12.5,EUR", ("tv", "c", "12.5", "EUR")),
        (
            "Reporting starts,Campaign name,Amount spent (USD),Impressions",
            "2026-03-01,c,12.5,9",
            ("meta-ads", "c", "12.5", "USD"),
        ),
        (
            "Day,Campaign,Clicks,Cost,Currency code",
            "2026-03-01,c,3,12.5,GBP",
            ("google-ads", "c", "12.5", "GBP"),
        ),
        (
            "Day,Campaign,Cost micros,Currency",
            "2026-03-01,c,12500000,EUR",
            ("google-ads", "c", "12.5", "EUR"),
        ),
        (
            "Date,Campaign Name,Impressions,Spend,Currency",
            '"Mar 01, 2026",c,3,12.5,USD',
            ("amazon-ads", "c", "12.5", "USD"),
        ),
    ],
)
def test_spend_and_its_exports_are_recognised(tmp_path, header, row, expected):
    got = one(tmp_path, f"{header}\n{row}\n")
    assert got.kind == "spend"
    (s,) = got.spend.to_pylist()
    assert (s["channel"], s["campaign"], s["cost"], s["currency"]) == (
        *expected[:2],
        Decimal(expected[2]),
        expected[3],
    )
    assert str(s["day"]) == "2026-03-01"


def test_lines_before_and_after_an_exports_table_do_no_harm(tmp_path):
    text = (
        'Campaign report\n"March 1, 2026 - March 2, 2026"\nDay\tCampaign\tClicks\tCost (EUR)\n'
        "2026-03-01\tc\t1\t2\n --\tTotal\t1\t2\n"
    )
    got = one(tmp_path, text.encode("utf-16"), name="ads.csv")
    assert got.spend.num_rows == 1
    assert [r.reason for r in got.rejects] == ["bad-time"]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", "^"])
def test_any_delimiter_is_found(tmp_path, sign):
    assert one(tmp_path, EVENTS_CSV.replace(",", sign)).events.num_rows == 4


def test_a_named_delimiter_is_used(tmp_path):
    assert one(tmp_path, EVENTS_CSV.replace(",", "@"), mapping={"delimiter": "@"}).events.num_rows == 4


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_packed_files_are_unpacked(tmp_path, ending):
    data = EVENTS_CSV.encode()
    packed = gzip.compress(data) if ending == "gz" else pa.compress(data, codec="zstd", asbytes=True)
    assert one(tmp_path, packed, name=f"e.csv.{ending}").events.num_rows == 4


def test_the_same_table_reads_alike_from_csv_ndjson_json_and_parquet(tmp_path):
    plain = one(tmp_path, ORDERS_CSV).events
    header, *lines = [line.split(",") for line in ORDERS_CSV.split()]
    objects = [dict(zip(header, line, strict=True)) for line in lines]
    text = "\n".join(re.sub(r"'", '"', str(o)) for o in objects)
    as_array = "[" + ",\n".join(text.split("\n")) + "]"
    table = pa.table({h: pa.array([o[h] or None for o in objects]) for h in header})
    table = table.set_column(1, "ts", table.column("ts").cast(pa.timestamp("ms", "UTC")))
    table = table.set_column(2, "amount", table.column("amount").cast(pa.float64()))
    pq.write_table(table, tmp_path / "t.parquet")
    others = [
        one(tmp_path, text + "\n", name="t.ndjson").events,
        one(tmp_path, as_array, name="t.json").events,
        one(tmp_path, (tmp_path / "t.parquet").read_bytes(), name="t.parquet").events,
    ]
    leave = ["raw_reference", "id", "tz_offset_min"]
    for other in others:
        assert other.drop_columns(leave).equals(plain.drop_columns(leave))


def test_platform_payloads_are_left_to_the_sources(tmp_path):
    file = tmp_path / "p.ndjson"
    file.write_text('{"type": "track", "context": {"ip": "192.0.2.1"}, "event": "Order"}\n\nnot json\n')
    got = read(file)
    assert isinstance(got, Payloads)
    assert [(n, len(b)) for n, b in got.lines] == [(1, 67), (3, 8)]


def test_a_pretty_printed_object_is_one_payload(tmp_path):
    file = tmp_path / "p.json"
    file.write_text('{\n  "type": "track",\n  "context": {}\n}\n')
    got = read(file)
    assert isinstance(got, Payloads)
    assert [n for n, _ in got.lines] == [1]


def test_payloads_of_an_array_keep_their_lines(tmp_path):
    file = tmp_path / "p.json"
    file.write_text('[\n{"a": {"b": 1}},\n\n{"a":\n {"b": 2}},\n{"a": {}}]')
    assert [n for n, _ in read(file).lines] == [2, 4, 6]


def test_canonical_events_pass_through_with_the_identities_beside_them(tmp_path):
    e = Event(
        id="1",
        source="//demo/x",
        type="device.speaker.ask",
        layer="device",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        identifiers=(Identifier(namespace="device", value="d"),),
    )
    pq.write_table(events_table([e]), tmp_path / "lake.parquet")
    pq.write_table(identities_table([e]), tmp_path / "lake.identities.parquet")
    (got,) = read(tmp_path / "lake.parquet")
    assert got.events.equals(events_table([e]))
    assert got.identities.equals(identities_table([e]))
    (alone,) = read(tmp_path / "lake.identities.parquet")
    assert (alone.events.num_rows, alone.identities.num_rows) == (0, 1)


def test_folders_and_globs_are_expanded_sorted_and_once(tmp_path):
    for name in ("b.csv", "a.csv.gz", "sub/c.parquet", "notes.md", ".hidden.csv", "_SUCCESS"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    names = [p.name for p in find([tmp_path, tmp_path / "*.csv"])]
    assert names == ["a.csv.gz", "b.csv", "c.parquet"]


@pytest.mark.parametrize("path", ["nothing.csv", "*.nothing", "empty"])
def test_a_path_that_gives_nothing_is_refused(tmp_path, path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match=path.replace("*", r"\*")):
        find([tmp_path / path])


def test_an_id_of_the_sender_is_kept_and_else_made_of_the_row(tmp_path):
    text = "id,ts,device_id,event\nX1,2026-03-01T10:00:00Z,d,search\n,2026-03-01T10:00:00Z,d,search\n"
    a, b = one(tmp_path, text).events.to_pylist()
    assert (a["id"], a["id_origin"]) == ("X1", "native")
    assert (len(b["id"]), b["id_origin"]) == (32, "derived")
    again = one(tmp_path, text).events.to_pylist()
    assert [x["id"] for x in again] == [a["id"], b["id"]]


def test_visits_get_their_channel_from_source_and_medium(tmp_path):
    text = (
        "ts,device_id,event,utm_source,utm_medium,utm_campaign\n"
        "2026-03-01T10:00:00Z,d,visit,google,cpc,spring\n2026-03-01T10:00:00Z,d,visit,(direct),(none),\n"
        "2026-03-01T10:00:00Z,d,heartbeat,google,cpc,\n"
    )
    e = one(tmp_path, text).events.to_pylist()
    assert [x["touch_channel"] for x in e] == ["paid-search", "direct", None]
    assert e[0]["touch_campaign"] == "spring"


def test_consent_that_is_denied_stays_denied(tmp_path):
    text = "ts,device_id,event,consent\n" + "".join(
        f"2026-03-01T10:00:00Z,d,search,{c}\n" for c in ("yes", "NO", "", "maybe")
    )
    got = one(tmp_path, text).events.column("consent_measurement").to_pylist()
    assert got == ["granted", "denied", None, "unknown"]


def test_every_row_points_to_its_own_identity(tmp_path):
    body = "".join(f"2026-03-01T10:00:00Z,d{i // 3 * 7 % 5},h{i // 3 * 3 % 4},search\n" for i in range(60))
    got = one(tmp_path, "ts,device_id,household,event\n" + body)
    who = {r["identity"]: {i["value"] for i in r["identifiers"]} for r in got.identities.to_pylist()}
    pointed = [who[k] for k in got.events.column("identity").to_pylist()]
    assert pointed == [{f"d{i // 3 * 7 % 5}", f"h{i // 3 * 3 % 4}"} for i in range(60)]
    assert len(who) == got.identities.num_rows == 20


def test_what_a_sensor_sends_is_no_touch_and_no_persons_doing(tmp_path):
    text = "ts,device_id,device_type,event,channel\n2026-03-01T10:00:00Z,d,contact sensor,door open,door\n"
    (e,) = one(tmp_path, text).events.to_pylist()
    assert (e["touch_channel"], e["stage"], e["initiator_kind"]) == (None, "none", "machine")


def test_objects_with_the_usual_keys_and_an_object_inside_are_payloads(tmp_path):
    file = tmp_path / "p.ndjson"
    file.write_text('{"ts": "2026-03-01T10:00:00Z", "device_id": "d", "event": "search", "context": {}}\n')
    assert isinstance(read(file), Payloads)
    assert not isinstance(read(file, kind="events"), Payloads)


def test_a_platforms_flat_message_is_a_payload(tmp_path):
    file = tmp_path / "p.json"
    file.write_text(
        '{"clientId": "c", "timestamp": 1772445600000, "eventType": "disconnected", "sessionIdentifier": "s", '
        '"principalIdentifier": "p", "clientInitiatedDisconnect": false, "versionNumber": 1}'
    )
    assert isinstance(read(file), Payloads)


def test_a_column_in_utc_by_its_name_needs_no_zone(tmp_path):
    text = "id,Created (UTC),order_id,Amount,Currency\n1,2026-03-01 10:00:00,7,5,EUR\n"
    got = one(tmp_path, text)
    assert got.rejects == []
    assert got.events.column("time")[0].as_py() == datetime(2026, 3, 1, 10, tzinfo=UTC)
