"""Tables as people export them: decimal commas, days of Excel, other encodings, fields inside fields."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hearthline.files import Rows, read
from hearthline.files.values import amount_sql, connect

GERMAN = """Bestellnummer;Bestelldatum;Kunde;Betrag;Währung;Artikel;Menge;Zahlungsstatus
1001;01.03.2026 10:15;K-1;1.234,50;EUR;Kaffeemühle;1;bezahlt
1002;02.07.2026 09:00;K-2;27,90;EUR;"Filter; 4er";2;bezahlt
1003;31.02.2026 09:00;K-3;9,90;EUR;Tee;1;bezahlt
1004;03.03.2026 09:00;K-4;zwölf;EUR;Tee;1;offen
1005;03.03.2026 11:00;K-4;12,00;EUR;Tee
1006;04.03.2026;K-5;5,00;EUR;Tee;1;storniert
"""


def table(path: Path, content: bytes, **mapping: str) -> Rows:
    path.write_bytes(content)
    (rows,) = read(path, mapping)
    return rows


def test_an_export_in_german_is_read_and_its_bad_rows_have_their_place(tmp_path: Path) -> None:
    path = tmp_path / "de.csv"
    rows = table(path, GERMAN.encode("latin-1"), encoding="latin-1", tz="Europe/Berlin")
    found = {e["commerce_order"]: e for e in rows.events.to_pylist()}
    assert found["1001"]["time"] == datetime(2026, 3, 1, 9, 15, tzinfo=UTC)
    assert found["1001"]["commerce_total"] == Decimal("1234.5")
    assert (found["1001"]["tz_offset_min"], found["1002"]["tz_offset_min"]) == (60, 120)
    assert found["1006"]["type"] == "commerce.order.cancelled"
    assert {r.place.removeprefix(f"{path}:"): r.reason for r in rows.rejects} == {
        "4:6": "bad-time",
        "5:27": "bad-number",
        "6:1": "ragged-row",
    }


EXCEL = 'Order ID,Order Date,Total\n1,46082.5,"1,299.00"\n2,46083,$49.99\n3,3/4/2026 9:30 AM,19.5\n'


def test_days_of_excel_are_days(tmp_path: Path) -> None:
    rows = table(tmp_path / "x.csv", EXCEL.encode(), tz="America/New_York", dates="month-first")
    assert [t.isoformat() for t in rows.events["time"].to_pylist()] == [
        "2026-03-01T17:00:00+00:00",
        "2026-03-02T05:00:00+00:00",
        "2026-03-04T14:30:00+00:00",
    ]
    unzoned = table(tmp_path / "y.csv", EXCEL.encode(), dates="month-first")
    assert [r.reason for r in unzoned.rejects] == ["no-zone", "no-zone"], "a day alone is enough for an order"


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (("3/4/2026", "3/14/2026"), "2026-03-04"),
        (("3/4/2026", "14/3/2026"), "2026-04-03"),
        (("3/4/2026", "5/6/2026"), None),
        (("3/14/2026", "14/3/2026"), None),
    ],
)
def test_other_days_of_the_file_tell_whether_the_month_stands_first(
    tmp_path: Path, days: tuple[str, ...], told: str | None
) -> None:
    text = "order_id,ts,amount\n" + "".join(f"{n},{day},5\n" for n, day in enumerate(days))
    rows = table(tmp_path / "o.csv", text.encode())
    if told is None:
        assert {r.reason for r in rows.rejects} == {"ambiguous-day"}
        assert "--map dates=" in rows.rejects[0].cure
    else:
        assert rows.rejects == []
        assert rows.events["time"][0].as_py().date().isoformat() == told


def test_fields_inside_others_are_columns_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "nested.parquet"
    order = {
        "id": "1",
        "placed_at": datetime(2026, 3, 1, tzinfo=UTC),
        "total": {"amount": 12.5, "currency": "EUR"},
    }
    pq.write_table(pa.Table.from_pylist([{"order": order, "customer": {"email": "a@example.com"}}]), path)
    (rows,) = read(path)
    assert rows.guesses["total"] == "order.total.amount"
    (event,) = rows.events.to_pylist()
    assert (event["commerce_total"], event["commerce_currency"]) == (Decimal("12.5"), "EUR")
    assert rows.identities.num_rows == 1


BRACKETED = """order_id,refund_of,ts,total,discount,currency
1,,2026-03-01T09:00:00Z,20.00,,EUR
2,1,2026-03-02T09:00:00Z,(12.50),,EUR
3,,2026-03-03T09:00:00Z,(5.00),,EUR
4,,2026-03-04T09:00:00Z,"(1,234",,EUR
"""


def test_an_amount_in_brackets_is_negative_as_in_a_ledger(tmp_path: Path) -> None:
    rows = table(tmp_path / "ledger.csv", BRACKETED.encode())
    refund = next(e for e in rows.events.to_pylist() if e["commerce_action"] == "refunded")
    assert (refund["commerce_refund_of"], abs(refund["commerce_total"])) == ("1", Decimal("12.5"))
    assert [r.reason for r in rows.rejects] == ["negative-amount", "ambiguous-number"]


@pytest.mark.parametrize(
    ("written", "style", "amount"),
    [
        ("(12.50)", "plain", "-12.5"),
        ("($1,234.50)", "plain", "-1234.5"),
        ("$(12.50)", "plain", "-12.5"),
        ("(12,5) €", "plain", "-12.5"),
        ("(1.234)", "comma", "-1234"),
        ("(1,234)", "plain", None),
        ("-(12.50)", "plain", None),
        ("(-12.50)", "plain", None),
        ("(12.50", "plain", None),
        ("()", "plain", None),
        ("1.234 €", "comma", "1234"),
        ("1.234 €", "mixed", None),
        ("1.234 €", "point", "1.234"),
    ],
)
def test_signs_around_an_amount_do_not_change_what_its_point_means(
    written: str, style: str, amount: str | None
) -> None:
    sql = f"select {amount_sql('t', style)} from (select '{written}' as t)"
    assert connect().execute(sql).fetchone() == (None if amount is None else Decimal(amount),)


@pytest.mark.parametrize(
    ("zone", "hour", "offset"),
    [
        ("Europe/Berlin", 0, 60),
        ("Pacific/Auckland", 0, 13 * 60),
        ("America/Los_Angeles", 8, -8 * 60),
        ("UTC", 0, 0),
    ],
)
def test_a_day_alone_is_that_day_in_the_zone_and_in_utc(
    tmp_path: Path, zone: str, hour: int, offset: int
) -> None:
    orders = b"order_id,ts,customer,total\n1,2026-03-06,c,5\n2,06.03.2026,c,5\n3,2026-03-06 00:30,c,5\n"
    found = table(tmp_path / "o.csv", orders, tz=zone).events.to_pylist()
    moment = datetime(2026, 3, 6, hour, tzinfo=UTC)
    assert [(e["time"], e["time_quality"]) for e in found[:2]] == [(moment, "interval")] * 2
    assert moment.astimezone(ZoneInfo(zone)).date() == moment.date()
    assert found[1]["tz_offset_min"] == offset
    assert found[2]["time"] == datetime(2026, 3, 6, 0, 30, tzinfo=ZoneInfo(zone))
    assert found[2]["time_quality"] == "platform"
    events = table(tmp_path / "e.csv", b"ts,customer,event\n2026-03-06,c,search\n", tz=zone).events
    assert events["time"].to_pylist() == [moment]
    whole = pa.table({"order_id": ["1"], "ts": [date(2026, 3, 6)], "customer": ["c"], "total": [5]})
    pq.write_table(whole, tmp_path / "o.parquet")
    (typed,) = read(tmp_path / "o.parquet", {"tz": zone})
    assert typed.events["time"].to_pylist() == [moment]
