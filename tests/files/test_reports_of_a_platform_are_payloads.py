"""A table that is a platform's own report is handed to its source, the rows of an order together."""

from pathlib import Path

import msgspec
import pytest

from hearthline import files
from hearthline.files.reports import is_report

HEAD = "amazon-order-id\tpurchase-date\tasin\titem-price\n"


def told(tmp_path: Path, text: str) -> list[tuple[int, dict]]:
    path = tmp_path / "report.txt"
    path.write_text(text)
    content = files.read(path)
    assert isinstance(content, files.Payloads)
    return [(line, msgspec.json.decode(raw)) for line, raw in content.lines]


def test_rows_of_an_order_come_together_wherever_they_stand(tmp_path: Path) -> None:
    found = told(tmp_path, HEAD + "902-1\tt\tB01\t1\n902-2\tt\tB02\t\n902-1\tt\tB03\t3\n")
    assert [(line, [row["asin"] for row in payload["report"]]) for line, payload in found] == [
        (2, ["B01", "B03"]),
        (3, ["B02"]),
    ]
    assert "item-price" not in found[1][1]["report"][0]


def test_an_order_that_goes_on_in_the_next_block_is_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hearthline.files.delimited.BLOCK", 64)
    monkeypatch.setattr("hearthline.files.delimited.batches.__defaults__", (None, 64))
    rows = "".join(f"902-{n // 3}\tt\tB{n:02}\t1\n" for n in range(30))
    found = told(tmp_path, HEAD + rows)
    assert [len(payload["report"]) for _, payload in found] == [3] * 10


def test_a_row_of_another_width_is_a_payload_that_says_so(tmp_path: Path) -> None:
    found = told(tmp_path, HEAD + "902-1\tt\tB01\t1\n902-2\tcut\n")
    (broken,) = [(line, payload) for line, payload in found if payload.get("broken")]
    assert broken[0] == 3
    assert "column" in broken[1]["wrong"]


def test_a_shops_own_table_stays_one(tmp_path: Path) -> None:
    assert not is_report(["order_id", "ts", "amount", "household"])
    path = tmp_path / "own.csv"
    path.write_text("Order ID,Order date,Amount\n7,2026-03-01T10:00:00Z,12.50\n")
    assert not isinstance(files.read(path), files.Payloads)
