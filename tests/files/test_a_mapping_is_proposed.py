import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hearthline import files
from hearthline.schema.errors import BadFile

TILL = "Bon;Moment;Wer;Wert\n7;2026-03-01 10:00;a@b.example;12.50\n8;2026-03-02 9:00;c@d.example;3.20\n"
HEARD = "was,wann,haus,art\nview,{t},h1,tv\nclick,{t},h1,phone\nview,{t},h2,tv\n".replace(
    "{t}", "2026-03-01T10:00:00Z"
)


def written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def test_columns_that_no_name_tells_are_told_by_their_values(tmp_path):
    found = files.propose(written(tmp_path, "till.csv", TILL))
    assert found.kind == "orders"
    assert found.mapping == {"order_id": "Bon", "total": "Wert", "ts": "Moment", "email": "Wer"}
    assert {c.because for c in found.columns} == {
        "values: each only once",
        "values: times",
        "values: e-mail addresses",
        "values: amounts",
    }


def test_what_is_proposed_is_what_is_read(tmp_path):
    path = written(tmp_path, "till.csv", TILL)
    found = files.propose(path, {"tz": "Europe/Berlin"})
    (part,) = files.read(path, found.mapping, found.kind)
    assert (part.accepted, part.rejects) == (2, [])
    assert part.events.column("time")[0].as_py().hour == 9


def test_events_and_homes_are_told_apart(tmp_path):
    found = files.propose(written(tmp_path, "e.csv", HEARD))
    assert found.kind == "events"
    assert found.mapping == {"ts": "wann", "event": "was", "household": "haus", "device_type": "art"}


def test_a_few_odd_values_do_not_hide_what_a_column_is(tmp_path):
    text = "Bon;Moment;Wert\n" + "".join(f"b{i};2026-03-0{1 + i}T10:00:00Z;{i}.50\n" for i in range(8))
    path = written(tmp_path, "till.csv", text + "b9;yesterday;2.50\n")
    found = files.propose(path)
    assert found.mapping["ts"] == "Moment"
    (part,) = files.read(path, found.mapping, found.kind)
    (reject,) = part.rejects
    assert (part.accepted, reject.place) == (8, f"{path}:10:4")


def test_parquet_and_json_are_proposed_alike(tmp_path):
    rows = [
        {"moment": 1772359200, "wer": "u1", "was": "asked for soap"},
        {"moment": 1772359300, "wer": "u2", "was": "page seen"},
        {"moment": 1772359400, "wer": "u2", "was": "page seen"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    lines = "\n".join(str(r).replace("'", '"') for r in rows)
    table = files.propose(tmp_path / "a.parquet")
    assert table.mapping == {"ts": "moment", "event": "was", "household": "wer"}
    assert files.propose(written(tmp_path, "a.ndjson", lines)).mapping == table.mapping


def test_what_is_said_wins_and_what_lacks_is_named(tmp_path):
    path = written(tmp_path, "s.csv", "Kampagne,Tag,Ausgaben\nA,2026-03-01,10.20\nB,2026-03-01,3.20\n")
    assert files.propose(path).lacking == (("channel",), ("currency",))
    found = files.propose(path, {"channel": "radio", "currency": "EUR"})
    assert (found.kind, found.lacking) == ("spend", ())
    with pytest.raises(BadFile, match="no column named 'Day'"):
        files.propose(path, {"day": "Day"})
    with pytest.raises(BadFile, match="no kind of table named 'sales'"):
        files.propose(path, kind="sales")


@pytest.mark.parametrize("text", ["\n", "one\n1\n", "a,b\n"])
def test_what_is_no_table_is_refused(tmp_path, text):
    with pytest.raises(BadFile):
        files.propose(written(tmp_path, "x.csv", text))


def test_a_mapping_can_be_for_files_of_a_name_alone(tmp_path):
    told = {"tz": "UTC", "till*.csv": {"ts": "when"}}
    assert files.mapping_of(tmp_path / "till-7.csv", told) == {"tz": "UTC", "ts": "when"}
    assert files.mapping_of(tmp_path / "web.csv", told) == {"tz": "UTC"}
