"""A table that is read again: its last reading counts, and what can be read now is no longer refused."""

from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import hearthline as hl
from hearthline.store.lake import Lake

ORDERS = "order_id,ts,customer,total,tax\n1,2026-03-01T10:00:00Z,c,20,3\n2,2026-03-02T10:00:00Z,d,30,5\n"


@pytest.fixture
def home(tmp_path: Path) -> hl.Home:
    return hl.init(tmp_path / "home")


def stored(home: hl.Home) -> dict[str, Decimal]:
    """Return what the lake holds of each order; an order that stands there twice is an error."""
    rows = [r for f in Lake(home.path / "lake").files("events") for r in pq.read_table(f).to_pylist()]
    assert len({r["id"] for r in rows}) == len(rows) == Lake(home.path / "lake").rows("events")
    return {r["commerce_order"]: r["commerce_revenue"] for r in rows}


def write(folder: Path, text: str, name: str = "w.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_wrong_mapping_is_corrected_by_reading_again(home: hl.Home, tmp_path: Path) -> None:
    path = write(tmp_path, ORDERS)
    home.add(path, mapping={"total": "tax"})
    assert stored(home) == {"1": 3, "2": 5}
    (taken,) = home.add(path)
    assert (stored(home), taken.replaced) == ({"1": 17, "2": 25}, 2)
    home.run()
    assert home.sql("SELECT sum(net) AS n FROM orders").to_pylist() == [{"n": Decimal(42)}]
    assert home.sql("SELECT events, duplicates FROM run").to_pylist() == [{"events": 2, "duplicates": 0}]


def test_reading_the_same_again_changes_nothing(home: hl.Home, tmp_path: Path) -> None:
    path = write(tmp_path, ORDERS)
    home.add(path)
    files = Lake(home.path / "lake").files("events")
    (taken,) = home.add(path)
    assert taken.replaced == 0
    assert Lake(home.path / "lake").files("events")[: len(files)] == files


def test_a_row_that_is_refused_now_does_not_take_out_what_was_read_of_it(
    home: hl.Home, tmp_path: Path
) -> None:
    path = write(tmp_path, ORDERS.replace("Z,", ","))
    home.add(path, mapping={"tz": "Europe/Berlin"})
    home.add(path)
    assert stored(home) == {"1": 17, "2": 25}


def test_another_file_of_another_name_takes_nothing_out(home: hl.Home, tmp_path: Path) -> None:
    home.add(write(tmp_path, ORDERS), mapping={"total": "tax"})
    (taken,) = home.add(write(tmp_path, ORDERS, "other.csv"))
    assert taken.replaced == 0
    assert Lake(home.path / "lake").rows("events") == 4


def test_a_refund_that_was_misread_goes_with_its_order(home: hl.Home, tmp_path: Path) -> None:
    path = write(tmp_path, ORDERS)
    home.add(path, mapping={"refunded": "tax"})
    assert Lake(home.path / "lake").rows("events") == 4
    home.add(path)
    assert stored(home) == {"1": 17, "2": 25}


def test_lines_that_were_orders_before_are_lines_after(home: hl.Home, tmp_path: Path) -> None:
    at = "2026-03-01T10:00:00Z"
    path = write(
        tmp_path, f"order_id,ts,customer,note,total,status\n1,{at},c,x,20,paid\n1,{at},c,y,30,cancelled\n"
    )
    home.add(path)
    path = write(
        tmp_path, f"order_id,ts,customer,note,total,status\n1,{at},c,x,20,paid\n1,{at},c,y,30,cancelled\n"
    )
    (taken,) = home.add(path, mapping={"product": "note", "status": "customer"})
    assert taken.replaced == 2
    assert stored(home) == {"1": 50}


def test_rows_that_are_read_later_are_no_longer_refused_and_kept_as_mended(
    home: hl.Home, tmp_path: Path
) -> None:
    path = write(tmp_path, ORDERS.replace("Z,", ","))
    home.add(path)
    assert home.rejects().num_rows == 2
    # Read from elsewhere in another file of the name: the row tells, not its place.
    (tmp_path / "new").mkdir()
    head, *rows = ORDERS.replace("Z,", ",").splitlines(keepends=True)
    again = write(tmp_path / "new", head + "3,2026-03-03T10:00:00,c,7,0\n" + "".join(rows))
    (taken,) = home.add(again, mapping={"tz": "Europe/Berlin"})
    assert (home.rejects().num_rows, taken.mended) == (0, 2)
    home.run()
    assert home.sql("SELECT rejects FROM run").to_pylist() == [{"rejects": 0}]
    mended = [r for f in Lake(home.path / "lake").files("mended") for r in pq.read_table(f).to_pylist()]
    assert sorted((r["reason"], r["mended"] >= r["received"]) for r in mended) == [("no-zone", True)] * 2


def test_a_row_that_is_corrected_where_it_stands_is_no_longer_refused(home: hl.Home, tmp_path: Path) -> None:
    text = ORDERS.replace(",30,", ",dear,") + "3,2026-03-03T10:00:00Z,e@f.example,much,0\n"
    home.add(write(tmp_path, text))
    assert home.rejects().num_rows == 2
    home.add(write(tmp_path, text.replace("dear", "30")))
    (left,) = home.rejects().to_pylist()
    assert left["place"].endswith(":4:36")
    home.run()
    assert home.sql("SELECT net FROM orders WHERE order_id = '2'").to_pylist() == [{"net": Decimal(25)}]


def test_another_row_where_a_refused_one_stood_mends_nothing(home: hl.Home, tmp_path: Path) -> None:
    home.add(write(tmp_path, ORDERS.replace(",30,", ",dear,")))
    home.add(write(tmp_path, ORDERS.replace("2,2026-03-02", "9,2026-04-02")))
    assert home.rejects()["reason"].to_pylist() == ["bad-number"]


def test_what_is_refused_again_is_refused_once(home: hl.Home, tmp_path: Path) -> None:
    path = write(tmp_path, ORDERS.replace(",30,", ",dear,") + '4,2026-03-03T10:00:00Z,c"x,1,1\n"\n')
    home.add(path)
    first = home.rejects().num_rows
    home.add(path)
    assert home.rejects().num_rows == first == Lake(home.path / "lake").rows("rejects")


def test_a_column_that_was_no_id_leaves_no_second_events(home: hl.Home, tmp_path: Path) -> None:
    head, *rows = ORDERS.splitlines()
    path = write(tmp_path, "\n".join([f"{head},nr", *(f"{row},a{row[0]}" for row in rows)]))
    home.add(path, mapping={"event_id": "nr"})
    (taken,) = home.add(path)
    assert (stored(home), taken.replaced) == ({"1": 17, "2": 25}, 2)


SPENT = "day,channel,cost,fee,currency\n" + "2026-03-01,tv,5,1,EUR\n" * 2 + "2026-03-02,tv,7,2,EUR\n"


def spent(home: hl.Home) -> list[Decimal]:
    rows = [r for f in Lake(home.path / "lake").files("spend") for r in pq.read_table(f).to_pylist()]
    return sorted(r["cost"] for r in rows)


def test_spend_that_is_read_again_counts_once(home: hl.Home, tmp_path: Path) -> None:
    path = write(tmp_path, SPENT)
    home.add(path, mapping={"cost": "fee"})
    assert spent(home) == [1, 1, 2]
    (corrected,) = home.add(path)
    assert (spent(home), corrected.replaced) == ([5, 5, 7], 3)
    (same,) = home.add(write(tmp_path, SPENT + "2026-03-03,tv,9,2,EUR\n"))
    assert (spent(home), same.replaced) == ([5, 5, 7, 9], 0)
    home.add(write(tmp_path, SPENT.replace("tv", "radio"), "other.csv"))
    assert len(spent(home)) == 7


def test_a_row_of_spend_that_is_refused_now_stays_as_it_was_read(home: hl.Home, tmp_path: Path) -> None:
    path = write(tmp_path, SPENT)
    home.add(path)
    home.add(path, mapping={"currency": "fee"})
    assert (spent(home), home.rejects().num_rows) == ([5, 5, 7], 3)
    home.add(path)
    assert (spent(home), home.rejects().num_rows) == ([5, 5, 7], 0)
