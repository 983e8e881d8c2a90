"""An order that stands on several rows keeps all of its money, however a shop or an ERP writes its lines."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from hearthline.files import Rows, read

AT = "2026-03-01T10:00:00Z"


def parts(folder: Path, text: str, *, chunk_rows: int = 500_000, **mapping: str) -> list[Rows]:
    path = folder / "orders.csv"
    path.write_text(text)
    return list(read(path, mapping, chunk_rows=chunk_rows))


def orders(folder: Path, text: str, **mapping: str) -> dict[str, Any]:
    found = parts(folder, text, **mapping)
    assert not any(p.rejects for p in found), [r.wrong for p in found for r in p.rejects]
    assert sum(p.accepted for p in found) == text.count("\n") - 1
    events = [e for p in found for e in p.events.to_pylist()]
    assert len({e["commerce_order"] for e in events}) == len(events)
    return {e["commerce_order"]: e for e in events}


def nets(folder: Path, text: str, **mapping: str) -> dict[str, Decimal]:
    return {k: e["commerce_revenue"] for k, e in orders(folder, text, **mapping).items()}


@pytest.mark.parametrize("column", ["amount", "total", "net_amount", "line_total"])
def test_amounts_of_lines_are_summed(tmp_path: Path, column: str) -> None:
    mapping = {"total": column} if column == "line_total" else {}
    text = (
        f"order_id,created_at,customer,product,unit_price,quantity,{column}\n"
        f"1,{AT},c,A,20,1,20\n1,{AT},c,B,10,2,20\n1,{AT},c,C,30,1,30\n2,{AT},c,A,20,1,20\n"
    )
    found = orders(tmp_path, text, **mapping)
    assert {k: e["commerce_revenue"] for k, e in found.items()} == {"1": 70, "2": 20}
    assert [p["product_id"] for p in found["1"]["commerce_products"]] == ["A", "B", "C"]


def test_a_total_that_is_the_same_on_every_line_counts_once(tmp_path: Path) -> None:
    """As exports of WooCommerce with a row an item write it."""
    text = (
        "order_id,order_date,billing_email,item_name,quantity,item_price,order_total,shipping\n"
        f"1,{AT},a@b.example,Filter,1,20,74.90,4.90\n1,{AT},a@b.example,Salt,5,10,74.90,4.90\n"
        f"2,{AT},a@b.example,Filter,1,20,20,0\n"
    )
    assert nets(tmp_path, text) == {"1": 70, "2": 20}


@pytest.mark.parametrize("column", ["total", "amount"])
def test_a_repeated_amount_without_a_word_of_lines_counts_once_and_the_guesses_say_so(
    tmp_path: Path, column: str
) -> None:
    text = f"order_id,created_at,customer,product,{column}\n1,{AT},c,A,70\n1,{AT},c,B,70\n"
    (found,) = parts(tmp_path, text)
    assert found.events["commerce_revenue"].to_pylist() == [70]
    assert found.guesses["lines"] == f"{column}: the same on every line, taken as the order's"


def test_equal_lines_are_summed_where_another_order_shows_that_amounts_are_of_lines(tmp_path: Path) -> None:
    text = f"order_id,created_at,customer,product,amount\n1,{AT},c,A,20\n1,{AT},c,B,20\n2,{AT},c,A,5\n2,{AT},c,B,7\n"
    assert nets(tmp_path, text) == {"1": 40, "2": 12}


def test_equal_lines_are_summed_where_price_and_quantity_show_it(tmp_path: Path) -> None:
    text = (
        "order_id,created_at,customer,product,unit_price,quantity,amount\n"
        f"1,{AT},c,A,20,1,20\n1,{AT},c,B,10,2,20\n"
    )
    assert nets(tmp_path, text) == {"1": 40}


def test_a_total_that_is_the_sum_of_price_times_quantity_counts_once(tmp_path: Path) -> None:
    text = (
        "order_id,created_at,customer,product,unit_price,quantity,amount\n"
        f"1,{AT},c,A,20,1,40\n1,{AT},c,B,10,2,40\n"
    )
    assert nets(tmp_path, text) == {"1": 40}


def test_the_price_of_one_is_multiplied_by_how_many(tmp_path: Path) -> None:
    text = f"order_id,created_at,customer,product,price,quantity\n1,{AT},c,A,20,2\n1,{AT},c,B,30,1\n"
    assert nets(tmp_path, text) == {"1": 70}
    assert parts(tmp_path, text)[0].guesses["revenue"].startswith("price x quantity")


def test_lines_of_an_erp_with_tax_and_a_voucher_are_summed_each_column_for_itself(tmp_path: Path) -> None:
    text = (
        "Bestellnummer;Pos;Bestelldatum;Kunde;Artikel;Menge;Betrag;MwSt;Versand\n"
        f"9;10;{AT};k;Filter;1;23,80;3,80;4,90\n9;20;{AT};k;Salz;1;11,90;1,90;4,90\n"
        f"9;30;{AT};k;Gutschein;1;-5,00;0;4,90\n"
    )
    (order,) = orders(tmp_path, text).values()
    assert order["commerce_revenue"] == Decimal("25.00")
    assert (order["commerce_tax"], order["commerce_shipping"]) == (Decimal("5.7"), Decimal("4.9"))


def test_one_product_on_two_numbered_lines_is_two_lines(tmp_path: Path) -> None:
    text = f"order_id,line,created_at,customer,product,amount\n1,1,{AT},c,A,20\n1,2,{AT},c,A,25\n"
    assert nets(tmp_path, text) == {"1": 45}


def test_a_line_that_is_repeated_to_the_letter_counts_once(tmp_path: Path) -> None:
    text = f"order_id,created_at,customer,product,amount\n1,{AT},c,A,20\n1,{AT},c,B,30\n1,{AT},c,A,20\n"
    assert nets(tmp_path, text) == {"1": 50}


def test_lines_that_stand_apart_are_put_together(tmp_path: Path) -> None:
    text = f"order_id,created_at,customer,product,amount\n1,{AT},c,A,20\n2,{AT},d,A,20\n1,{AT},c,B,30\n2,{AT},d,C,1\n"
    found = orders(tmp_path, text)
    assert {k: e["commerce_revenue"] for k, e in found.items()} == {"1": 50, "2": 21}
    assert [p["product_id"] for p in found["2"]["commerce_products"]] == ["A", "C"]


def test_an_order_that_is_cut_between_parts_is_summed_all_the_same(tmp_path: Path) -> None:
    lines = [f"{order},{AT},c,{product},10\n" for order in range(4) for product in "ABC"]
    text = "order_id,created_at,customer,product,amount\n" + "".join(lines)
    found = [e for p in parts(tmp_path, text, chunk_rows=2) for e in p.events.to_pylist()]
    # Here nothing says that 10 is a line's; with other amounts it is told.
    assert len(found) == 4
    text = text.replace("A,10", "A,11")
    found = [e for p in parts(tmp_path, text, chunk_rows=2) for e in p.events.to_pylist()]
    assert [e["commerce_revenue"] for e in found] == [31, 31, 31, 31]


FAR = [f"{n},{AT},c{n},{product},{10 + n + more}\n" for more, product in enumerate("ABC") for n in range(7)]


@pytest.mark.parametrize("chunk_rows", [1, 2, 3, 5, 100])
def test_lines_that_stand_in_different_parts_of_a_file_are_put_together(
    tmp_path: Path, chunk_rows: int
) -> None:
    text = "order_id,created_at,customer,product,amount\n" + "".join(FAR) + f"alone,{AT},d,A,5\n"
    found = parts(tmp_path, text, chunk_rows=chunk_rows)
    events = [e for p in found for e in p.events.to_pylist()]
    assert {e["commerce_order"]: e["commerce_revenue"] for e in events} == {
        **{str(n): 33 + 3 * n for n in range(7)},
        "alone": 5,
    }
    assert len(events) == 8
    assert all(len(e["commerce_products"]) == 3 for e in events if e["commerce_order"] != "alone")
    assert sum(p.read for p in found) == sum(p.accepted for p in found) == 22
    said = found[-1].guesses.get("apart")
    assert said == (
        None if chunk_rows == 100 else "(lines of 7 orders stand far apart in the file: put together)"
    )


def test_a_line_far_from_its_order_that_cannot_be_read_is_named_with_its_place(tmp_path: Path) -> None:
    lines = [*FAR[:-1], f"6,{AT},c6,C,many\n"]
    text = "order_id,created_at,customer,product,amount\n" + "".join(lines)
    found = parts(tmp_path, text, chunk_rows=4)
    assert sum(p.read for p in found) == 21
    rejects = [r for p in found for r in p.rejects]
    assert {r.place.rpartition("orders.csv:")[2]: r.reason for r in rejects} == {
        "8:1": "refused-line", "15:1": "refused-line", "22:29": "bad-number"
    }  # fmt: skip
    assert rejects[-1].raw == f"6,{AT},c6,C,many".encode()
    assert len([e for p in found for e in p.events.to_pylist()]) == 6


@pytest.mark.parametrize("form", ["parquet", "ndjson"])
def test_lines_that_stand_apart_in_other_forms_are_put_together(tmp_path: Path, form: str) -> None:
    table = csv.read_csv(
        pa.BufferReader(("order_id,created_at,customer,product,amount\n" + "".join(FAR)).encode())
    )
    path = tmp_path / f"orders.{form}"
    if form == "parquet":
        pq.write_table(table, path)
    else:
        path.write_text("".join(json.dumps(r, default=str) + "\n" for r in table.to_pylist()))
    found = list(read(path, chunk_rows=3))
    events = [e for p in found for e in p.events.to_pylist()]
    assert {e["commerce_order"]: e["commerce_revenue"] for e in events} == {
        str(n): 33 + 3 * n for n in range(7)
    }
    assert len(events) == 7


def test_later_versions_of_an_order_are_no_lines(tmp_path: Path) -> None:
    text = (
        "order_id,created_at,customer,product,amount,status\n"
        f"1,{AT},c,A,20,paid\n1,2026-03-02T10:00:00Z,c,A,25,paid\n"
    )
    (found,) = parts(tmp_path, text)
    assert found.events["commerce_revenue"].to_pylist() == [20, 25]


def test_different_amounts_of_one_order_without_a_word_why_are_refused_with_a_cure(tmp_path: Path) -> None:
    text = f"order_id,created_at,customer,note,amount\n1,{AT},c,x,20\n1,{AT},c,y,30\n2,{AT},c,x,5\n"
    (found,) = parts(tmp_path, text)
    assert [(r.reason, r.place.rpartition("orders.csv:")[2]) for r in found.rejects] == [
        ("several-totals", "2:28"),
        ("several-totals", "3:28"),
    ]
    assert "--map product=COLUMN" in found.rejects[0].cure
    assert nets(tmp_path, text, product="note") == {"1": 50, "2": 5}


def test_an_orders_own_total_that_differs_from_line_to_line_is_refused(tmp_path: Path) -> None:
    text = f"order_id,created_at,customer,product,order_total\n1,{AT},c,A,20\n1,{AT},c,B,30\n"
    (found,) = parts(tmp_path, text)
    assert [r.reason for r in found.rejects] == ["several-totals", "several-totals"]


def test_a_line_that_cannot_be_read_refuses_its_order_whole(tmp_path: Path) -> None:
    text = f"order_id,created_at,customer,product,amount\n1,{AT},c,A,20\n1,{AT},c,B,many\n2,{AT},c,B,7\n"
    (found,) = parts(tmp_path, text)
    assert [r.reason for r in found.rejects] == ["refused-line", "bad-number"]
    assert found.events["commerce_order"].to_pylist() == ["2"]


def test_refunds_of_lines_stay_refunds(tmp_path: Path) -> None:
    text = (
        "order_id,created_at,customer,product,amount,placed_by\n"
        f"1,{AT},c,A,20,person\n1,{AT},c,B,30,person\n1,{AT},c,A,20,refund\n"
    )
    (found,) = parts(tmp_path, text)
    kinds = dict(
        zip(found.events["type"].to_pylist(), found.events["commerce_revenue"].to_pylist(), strict=True)
    )
    assert kinds == {"commerce.order.placed": 50, "commerce.order.refunded": 20}
