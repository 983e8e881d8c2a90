import gzip
import itertools
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hearthline.files import Payloads, Rows, delimited, read
from hearthline.files.columns import recognise
from hearthline.files.currencies import CODES
from hearthline.files.refusals import shown
from hearthline.schema.errors import BadConfig, BadFile

HEAD = "order_id,ts,amount,currency,household\n"
GOOD = "1,2026-03-02T10:00:00Z,24,EUR,h\n"
EVENT = "ts,device_id,event\n2026-03-02T10:00:00Z,d,search\n"


def rows(path: Path, data: str | bytes, name: str = "t.csv", **how) -> list[Rows]:
    file = path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    got = read(file, **how)
    assert not isinstance(got, Payloads)
    return list(got)


def one(path: Path, data: str | bytes, name: str = "t.csv", **how) -> Rows:
    parts = rows(path, data, name, **how)
    assert len(parts) == 1
    assert parts[0].read == parts[0].accepted + len(parts[0].rejects)
    return parts[0]


def refusal(path: Path, data: str | bytes, name: str = "t.csv", **how) -> str:
    with pytest.raises(BadFile) as caught:
        rows(path, data, name, **how)
    return str(caught.value)


def verdicts(got: Rows) -> list[tuple[str, str]]:
    """Return (reason, line:column) of each reject."""
    return [(r.reason, ":".join(r.place.split(":")[-2:])) for r in got.rejects]


@pytest.mark.parametrize("data", ["", "\n \n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(tmp_path, data):
    assert "empty" in refusal(tmp_path, data)


@pytest.mark.parametrize("data", [HEAD, HEAD.strip(), HEAD + "\n\n"])
def test_a_header_without_rows_is_refused(tmp_path, data):
    assert "a header and no rows" in refusal(tmp_path, data)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert one(tmp_path, b"\xef\xbb\xbf" + (HEAD + GOOD).encode()).accepted == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_with_its_mark_and_refused_without(tmp_path, encoding):
    data = (HEAD + GOOD).encode(encoding)
    if encoding == "utf-16":
        assert one(tmp_path, data).accepted == 1
    else:
        assert "UTF-16" in refusal(tmp_path, data)


def test_latin1_rows_are_refused_unless_the_encoding_is_named(tmp_path):
    data = (HEAD + GOOD + GOOD.replace(",h", ",Müller")).encode("latin-1")
    got = one(tmp_path, data)
    assert verdicts(got) == [("not-utf8", "3:1")]
    assert "encoding=latin-1" in got.rejects[0].cure
    assert one(tmp_path, data, mapping={"encoding": "latin-1"}).accepted == 2
    assert "no encoding named" in refusal(tmp_path, data, mapping={"encoding": "klingon"})


def test_rows_with_too_few_or_too_many_columns_are_refused_and_kept(tmp_path):
    got = one(tmp_path, HEAD + GOOD + "2,2026-03-02T10:00:00Z,24\n" + "3,a,b,c,d,e\n" + GOOD)
    assert verdicts(got) == [("ragged-row", "3:1"), ("ragged-row", "4:1")]
    assert got.rejects[1].raw == b"3,a,b,c,d,e"
    assert "6 columns where the header has 5" in got.rejects[1].wrong


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (bytes(range(256)) * 40, "binary"),
        (b"PK\x03\x04" + b"x" * 100, "zip"),
        (b"SQLite format 3\x00" + b"\x01" * 100, "SQLite"),
        (b"<!DOCTYPE html><p>log in", "web page"),
        (b"\x00\x01\x02\x03" * 500, "binary"),
        (b"just words\nand more\n", "single column"),
        (b"PAR1garbage", "damaged Parquet"),
    ],
)
def test_what_is_no_table_is_refused_by_what_it_is(tmp_path, data, told):
    assert told in refusal(tmp_path, data)


def test_a_truncated_gzip_is_refused(tmp_path):
    body = (HEAD + GOOD * 50_000).encode()
    assert "gzip data breaks off" in refusal(tmp_path, gzip.compress(body)[:-100], name="t.csv.gz")


def test_a_truncated_zstd_is_refused(tmp_path):
    body = pa.compress("".join(f"{i},{GOOD[2:]}" for i in range(99_999)).encode(), codec="zstd", asbytes=True)
    head = pa.compress(HEAD.encode(), codec="zstd", asbytes=True)
    assert "zstd data breaks off" in refusal(tmp_path, head + body[:-500], name="t.csv.zst")


def test_a_gz_that_is_plain_text_is_read_as_what_it_is(tmp_path):
    assert one(tmp_path, HEAD + GOOD, name="t.csv.gz").accepted == 1


def test_a_gz_of_garbage_is_refused(tmp_path):
    assert "breaks off or is damaged" in refusal(tmp_path, b"\x1f\x8b" + b"garbage" * 9, name="t.csv.gz")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,2026-03-02T10:00:00Z,24,XYZ,h", ("unknown-currency", "2:27")),
        ("1,2026-03-02T10:00:00Z,24,EURO,h", ("unknown-currency", "2:27")),
        ("1,2026-03-02T10:00:00Z,24,,h", ("missing-currency", "2:27")),
        ("1,2026-03-02T10:00:00Z,twelve,EUR,h", ("bad-number", "2:24")),
        ("1,2026-03-02T10:00:00Z,NaN,EUR,h", ("bad-number", "2:24")),
        ("1,2026-03-02T10:00:00Z,1_000,EUR,h", ("bad-number", "2:24")),
        ('1,2026-03-02T10:00:00Z,"1,234",EUR,h', ("ambiguous-number", "2:24")),
        ("1,2026-03-02T10:00:00Z,-24,EUR,h", ("negative-amount", "2:24")),
        ("1,2026-03-02T10:00:00Z,,EUR,h", ("missing-amount", "2:24")),
        (",2026-03-02T10:00:00Z,24,EUR,h", ("missing-order-id", "2:1")),
        ("1,2026-03-02T10:00:00,24,EUR,h", ("no-zone", "2:3")),
        ("1,2026-03-02 10:00,24,EUR,h", ("no-zone", "2:3")),
        ("1,,24,EUR,h", ("missing-time", "2:3")),
        ("1,03/02/2026 10:00,24,EUR,h", ("ambiguous-day", "2:3")),
        ("1,2026-02-30T10:00:00Z,24,EUR,h", ("bad-time", "2:3")),
        ("1,2026-03-02T10:00:00+25:00,24,EUR,h", ("bad-time", "2:3")),
        ("1,infinity,24,EUR,h", ("bad-time", "2:3")),
        ("1,0,24,EUR,h", ("implausible-time", "2:3")),
        ("1,1970-01-01T00:00:00Z,24,EUR,h", ("implausible-time", "2:3")),
        ("1,2099-01-01T00:00:00Z,24,EUR,h", ("implausible-time", "2:3")),
        ("1,99999999999999999999,24,EUR,h", ("implausible-time", "2:3")),
        ('1,2026-03-02T10:00:00Z,24,EUR,"h', ("broken-quotes", "2:1")),
        ('1,2026-03-02T10:00:00Z,24,EUR,"h"x', ("broken-quotes", "2:1")),
        ("1,2026-03-02T10:00:00Z,24,EUR,a\rb", ("broken-quotes", "2:1")),
        ("1,2026-03-02T10:00:00Z,24,EUR,\0h", ("nul-byte", "2:1")),
    ],
)
def test_a_bad_row_is_refused_alone(tmp_path, row, expected):
    got = one(tmp_path, HEAD + row + "\n" + GOOD)
    assert verdicts(got) == [expected]
    assert got.events.num_rows == 1
    assert got.rejects[0].raw == row.encode()
    assert got.rejects[0].cure


def test_a_time_without_zone_is_mended_by_naming_the_zone(tmp_path):
    text = "ts,device_id,event\n2026-07-01 10:00:00,d,search\n2026-01-01T10:00:00Z,d,search\n"
    assert "--map tz=Europe/Berlin" in one(tmp_path, text).rejects[0].cure
    got = one(tmp_path, text, mapping={"tz": "Europe/Berlin"})
    assert [t.hour for t in got.events.column("time").to_pylist()] == [8, 10]
    assert got.guesses["tz"] == "(Europe/Berlin)"
    assert "no such time zone" in refusal(tmp_path, text, mapping={"tz": "Mars/Olympus"})


@pytest.mark.parametrize(
    "ts",
    [
        "2026-03-02T10:00:00Z",
        "2026-03-02T10:00:00.000000Z",
        "2026-03-02 11:00:00+01",
        "2026-03-02 11:00:00 +0100",
        "2026-03-02T11:00+01:00",
        "2026-03-02 10:00:00 UTC",
        "1772445600",
        "1772445600.0",
        "1772445600000",
        "1772445600000000",
        "1772445600000000000",
    ],
)
def test_a_moment_may_be_written_in_many_ways(tmp_path, ts):
    got = one(tmp_path, f"ts,device_id,event\n{ts},d,search\n")
    assert got.rejects == []
    assert got.events.column("time")[0].as_py().isoformat() == "2026-03-02T10:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.5", "1234.5000"),
        ("1,234.56", "1234.5600"),
        ("1.234,56", "1234.5600"),
        ("12,5", "12.5000"),
        ("0,125", "0.1250"),
        ("1,234,567", "1234567.0000"),
        ("€ 12.50", "12.5000"),
        ("12,50 EUR", "12.5000"),
        ("$1,234.56", "1234.5600"),
        (" 7 ", "7.0000"),
    ],
)
def test_an_amount_is_read_where_it_can_be_read_one_way_only(tmp_path, text, amount):
    got = one(tmp_path, HEAD.replace(",", ";") + f"1;2026-03-02T10:00:00Z;{text};EUR;h\n")
    assert [str(v) for v in got.events.column("commerce_revenue").to_pylist()] == [amount]


def test_a_point_beside_decimal_commas_is_not_taken_for_a_decimal_point(tmp_path):
    text = HEAD.replace(",", ";") + "".join(
        f"{i};2026-03-02T10:00:00Z;{a};EUR;h\n" for i, a in enumerate(["12,50", "1.234"])
    )
    assert verdicts(one(tmp_path, text)) == [("ambiguous-number", "3:24")]
    got = one(tmp_path, text, mapping={"decimal": "comma"})
    assert [int(v * 100) for v in got.events.column("commerce_revenue").to_pylist()] == [1250, 123400]


def test_a_misspelt_column_is_named_with_its_place_and_cure(tmp_path):
    message = refusal(tmp_path, "event_id,ts,hosehold,event\n1,2026-03-02T10:00:00Z,h,search\n")
    assert message.startswith("error[E102]: column `hosehold`")
    assert f"--> {tmp_path}/t.csv:1:13" in message
    assert "^^^^^^^^ there is a field `household`" in message
    assert "--map household=hosehold" in message
    mended = one(
        tmp_path,
        "event_id,ts,hosehold,event\n1,2026-03-02T10:00:00Z,h,search\n",
        mapping={"household": "hosehold"},
    )
    assert mended.identities.num_rows == 1


def test_orders_whose_only_household_column_is_misspelt_are_refused(tmp_path):
    assert "--map household=houshold" in refusal(tmp_path, (HEAD + GOOD).replace("household", "houshold"))


def test_a_column_that_nothing_resembles_is_asked_for(tmp_path):
    message = refusal(tmp_path, "order_id,ts,colour,household\n1,2026-03-02T10:00:00Z,red,h\n")
    assert message.startswith("error[E101]: no column for `total` or `net` or `gross`")


def test_two_columns_of_one_name_are_refused(tmp_path):
    assert "two columns are named `amount`" in refusal(
        tmp_path, "order_id,ts,amount,amount\n1,2026-03-02T10:00:00Z,1,2\n"
    )


def test_a_mapping_of_an_unknown_field_is_refused_with_the_near_one(tmp_path):
    with pytest.raises(BadConfig, match="did you mean `household`"):
        refusal(tmp_path, HEAD + GOOD, mapping={"houshold": "x"})


def test_quotes_hold_delimiters_newlines_and_doubled_quotes(tmp_path):
    text = (
        'ts,device_id,event,campaign\n2026-03-02T10:00:00Z,d,search,"a, ""b""\nc"\n'
        "bad,d,search,x\n2026-03-02T10:00:00Z,d,search,y\n"
    )
    got = one(tmp_path, text)
    assert got.events.column("touch_campaign").to_pylist() == ['a, "b"\nc', "y"]
    assert verdicts(got) == [("bad-time", "4:1")]
    assert [r.rpartition(":")[2] for r in got.events.column("raw_reference").to_pylist()] == ["2", "5"]


def test_an_unclosed_quote_costs_its_row_and_no_other(tmp_path):
    got = one(
        tmp_path,
        EVENT
        + '2026-03-02T10:00:00Z,"d,search\n'
        + EVENT.split("\n")[1]
        + '\n2026-03-02T10:00:00Z,"e",view\n',
    )
    assert verdicts(got) == [("broken-quotes", "3:1")]
    assert got.events.column("device_id").to_pylist() == ["d", "d", "e"]


def test_a_stray_quote_inside_text_is_text(tmp_path):
    got = one(tmp_path, EVENT + '2026-03-02T10:00:00Z,12" tablet,view\n')
    assert got.events.column("device_id").to_pylist() == ["d", '12" tablet']


def test_a_line_of_ten_megabytes_is_refused_and_the_next_one_read(tmp_path):
    got = rows(
        tmp_path,
        EVENT + "2026-03-02T10:00:00Z," + "x" * 10_000_000 + ",search\n" + EVENT.split("\n")[1] + "\n",
    )
    assert [r.reason for p in got for r in p.rejects] == ["too-long"]
    assert sum(p.accepted for p in got) == 2


def test_a_file_without_line_ends_is_refused_before_it_fills_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "_PATIENCE", 1 << 20)
    assert "a row without an end" in refusal(tmp_path, EVENT + "x" * 40_000_000)


def test_line_ends_of_every_kind_count_alike(tmp_path):
    for end in ("\r\n", "\r"):
        got = one(tmp_path, (EVENT + "bad,d,search\n").replace("\n", end))
        assert verdicts(got) == [("bad-time", "3:1")]
        assert got.rejects[0].raw == b"bad,d,search"


def test_blank_lines_are_no_rows_but_count_as_lines(tmp_path):
    got = one(tmp_path, "\n" + EVENT + "\n\nbad,d,search\n")
    assert (got.read, verdicts(got)) == (2, [("bad-time", "6:1")])


def test_bad_lines_of_ndjson_are_refused_alone(tmp_path):
    good = b'{"ts": "2026-03-02T10:00:00Z", "device_id": "d", "event": "search"}\n'
    got = one(
        tmp_path,
        good + b"{broken\n[1]\n\xff\xfe{}\n" + good.replace(b"2026-03-02T10:00:00Z", b"never"),
        "t.ndjson",
    )
    assert verdicts(got) == [
        ("bad-json", "2:1"),
        ("bad-json", "3:1"),
        ("not-utf8", "4:1"),
        ("bad-time", "5:2"),
    ]
    assert got.accepted == 1


def test_a_bad_first_line_is_refused_alone(tmp_path):
    good = b'{"ts": "2026-03-02T10:00:00Z", "device_id": "d", "event": "search"}\n'
    got = one(tmp_path, b"[1, 2, 3]\n" + good, "t.ndjson")
    assert (got.accepted, verdicts(got)) == (1, [("bad-json", "1:1")])


def test_a_broken_json_document_is_refused(tmp_path):
    assert "no JSON" in refusal_of_payloads(tmp_path, b'[{"a": 1},')


def refusal_of_payloads(path: Path, data: bytes) -> str:
    (path / "t.json").write_bytes(data)
    with pytest.raises(BadFile) as caught:
        list(read(path / "t.json").lines)
    return str(caught.value)


def test_parquet_without_zone_or_rows_is_refused(tmp_path):
    table = pa.table(
        {"ts": pa.array([1772445600000], pa.timestamp("ms")), "device_id": ["d"], "event": ["search"]}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    (got,) = read(tmp_path / "t.parquet")
    assert verdicts(got) == [("no-zone", "1:1")]
    assert msgspec.json.decode(got.rejects[0].raw)["device_id"] == "d"
    pq.write_table(table.slice(0, 0), tmp_path / "e.parquet")
    with pytest.raises(BadFile, match="without rows"):
        read(tmp_path / "e.parquet")


def test_messages_never_show_what_could_be_personal(tmp_path):
    got = one(tmp_path, HEAD + "1,2026-03-02T10:00:00Z,jo@example.com,EUR,h\n1,+49 151 2345678,2,EUR,h\n")
    assert all("example" not in r.wrong and "2345678" not in r.wrong for r in got.rejects)


def test_all_codes_have_three_letters_and_common_ones_are_there():
    assert all(len(c) == 3 and c.isupper() for c in CODES)
    assert {"EUR", "USD", "GBP", "JPY", "CHF"} <= CODES


def test_a_wrong_kind_is_refused():
    with pytest.raises(BadFile, match="choose one of"):
        recognise("x:1", ["a", "b"], kind="metrics")


CELL = st.sampled_from(
    [
        "",
        "1",
        "h",
        "2026-03-02T10:00:00Z",
        "2026-03-02 10:00",
        "-5",
        "1,5",
        "EUR",
        "xx",
        '"',
        '"q"',
        "a\rb",
        "\0",
        "é",
        " ",
    ]
) | st.text(alphabet='ab,"\n\r; é\t', max_size=6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(CELL, min_size=1, max_size=7), max_size=12), st.integers(1, 5))
def test_nothing_is_lost_whatever_the_rows_hold(tmp_path_factory, cells, chunk):
    path = tmp_path_factory.mktemp("f") / "t.csv"
    body = "\n".join(",".join(row) for row in cells) + "\n"
    path.write_bytes((HEAD + GOOD + body).encode())
    total, seen = 0, []
    for part in read(path, chunk_rows=chunk):
        assert part.read == part.accepted + len(part.rejects)
        assert part.events.num_rows >= part.accepted
        total += part.read
        seen += [r.place for r in part.rejects]
    assert 1 <= total <= 1 + body.count("\n")
    assert len(seen) <= total


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=12), st.integers(1, 40))
@example([["", "", '"'], ["", "", ""]], 40)
def test_where_a_block_ends_makes_no_difference(tmp_path_factory, cells, size):
    path = tmp_path_factory.mktemp("f") / "t.csv"
    path.write_bytes((EVENT + "\n".join(",".join(row) for row in cells)).encode())
    dialect = delimited.dialect_of(path, path.read_bytes()[:60], ",")
    whole = list(delimited.batches(path, dialect))
    parts = list(delimited.batches(path, dialect, size=size))
    # A bare carriage return ends lines only in files without line feeds; both must see the same rows.
    assert sum(p.read for p in parts) == sum(w.read for w in whole)
    assert [r for p in parts for r in p.rejects] == [r for w in whole for r in w.rejects]
    assert [n for p in parts for n in p.lines.tolist()] == [n for w in whole for n in w.lines.tolist()]
    read_rows = pa.concat_tables(p.table for p in parts).to_pylist()
    assert read_rows == pa.concat_tables(w.table for w in whole).to_pylist()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(alphabet='ab,"\n é;', min_size=1, max_size=8), st.booleans()),
        min_size=1,
        max_size=20,
    ),
    st.integers(1, 7),
)
def test_well_quoted_rows_come_back_as_they_were_written(tmp_path_factory, written, chunk):
    path = tmp_path_factory.mktemp("f") / "t.csv"
    quoted = ['"' + text.replace('"', '""') + '"' for text, _ in written]
    lines = [
        f"2026-03-02T10:00:00Z,{q},search" + ("\r\n" if crlf else "\n")
        for q, (_, crlf) in zip(quoted, written, strict=True)
    ]
    path.write_bytes(("ts,device_id,event\n" + "".join(lines)).encode())
    parts = list(read(path, chunk_rows=chunk))
    devices = itertools.chain.from_iterable(p.events.column("device_id").to_pylist() for p in parts)
    assert [d or "" for d in devices] == [text.strip() for text, _ in written]
    at = itertools.accumulate((line.count("\n") for line in lines), initial=2)
    references = itertools.chain.from_iterable(p.events.column("raw_reference").to_pylist() for p in parts)
    assert [int(r.rpartition(":")[2]) for r in references] == list(at)[:-1]


def test_a_row_that_cannot_be_split_is_refused_once_however_small_the_parts(tmp_path):
    parts = rows(tmp_path, HEAD + GOOD + "ragged\n" + GOOD * 3, chunk_rows=1)
    assert [len(p.rejects) for p in parts] == [1, 0, 0, 0]
    assert sum(p.read for p in parts) == 5


def test_further_lines_of_a_refused_order_are_refused_with_it(tmp_path):
    text = (
        "order_id,ts,total,product,household\n1,2026-03-01T10:00:00Z,30,a,h\n"
        "2,2026-03-01T10:00:00Z,oops,b,h\n2,2026-03-01T10:00:00Z,,c,h\n"
    )
    got = one(tmp_path, text)
    assert [r.reason for r in got.rejects] == ["bad-number", "bad-number"]
    assert [len(p) for p in got.events.column("commerce_products").to_pylist()] == [1]


def test_a_telephone_number_is_never_shown():
    assert "49151" not in shown("+4915123456789")


def test_spend_in_no_currency_is_refused_until_it_is_named(tmp_path):
    text = "channel,day,cost\ntv,2026-03-01,5\n"
    assert "--map currency=EUR" in refusal(tmp_path, text)
    got = one(tmp_path, text, mapping={"currency": "eur"})
    assert got.spend.column("currency").to_pylist() == ["EUR"]
    assert "nor an ISO 4217 code" in refusal(tmp_path, text, mapping={"currency": "EURO"})


def test_a_named_currency_stands_in_only_where_rows_have_none(tmp_path):
    text = HEAD + GOOD.replace("EUR", "USD") + GOOD.replace("EUR", "")
    got = one(tmp_path, text, mapping={"currency": "CHF"})
    assert got.events.column("commerce_currency").to_pylist() == ["USD", "CHF"]


def test_a_mapped_channel_of_another_file_is_no_channel_of_events():
    with pytest.raises(BadFile, match="no column for `event` or `channel`"):
        recognise("x:1", ["ts", "device_id", "household"], {"channel": "kanal"}, kind="events")
