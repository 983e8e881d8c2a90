"""Rejects on the command line: shown, and read again once they can be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hearthline as hl
from hearthline import sources
from hearthline.schema.errors import BadPayload

Called = Callable[..., Any]


def test_what_a_mended_source_can_read_is_added(
    called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = {"type": "track", "event": "Product Viewed", "messageId": "m1", "userId": "u1"}
    file = tmp_path / "calls.ndjson"
    file.write_text(json.dumps(call) + "\n")

    def broken(*_: object) -> Any:
        raise BadPayload("segment", "a defect", "mend it", "defect")

    home = tmp_path / "home"
    with monkeypatch.context() as patched:
        patched.setattr(sources.load("segment"), "read", broken)
        hl.init(home).add(file, source="segment")
    assert json.loads(called("rejects", "--home", home, "--json").out)[0]["reason"] == "defect"
    said = called("rejects", "retry", "--reason", "defect", "--home", home, "--json")
    assert json.loads(said.out) == {"tried": 1, "read": 1, "events": 1}
    assert json.loads(called("rejects", "--home", home, "--json").out) == []
    assert json.loads(called("rejects", "--mended", "--home", home, "--json").out)[0]["reason"] == "defect"
    assert "0 can be read" in called("rejects", "retry", "--reason", "other", "--home", home).err


def test_rows_of_tables_are_mended_by_reading_their_file_again(called: Called, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "de.csv"
    file.write_text(
        "order_id;ts;customer;total\n" + "".join(f"{i};0{i}.03.2026 10:00;c;1,5\n" for i in range(1, 4))
    )
    called("run", file, "--home", home)
    assert "3 rows of tables: read the file again" in called("rejects", "retry", "--home", home).err
    mapped = ("--map", "tz=Europe/Berlin", "--map", "decimal=comma", "--strict")
    said = " ".join(called("run", file, *mapped, "--home", home).out.split())
    assert "3 refused before could be read now" in said
    assert "Refused" not in said
    assert "nothing is refused" in called("rejects", "--home", home).err
    assert len(json.loads(called("rejects", "--mended", "--home", home, "--json").out)) == 3
    assert refused_of_files(called, home) == {"orders: de.csv": 0}


def test_what_is_refused_of_a_file_counts_once(called: Called, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "w.csv"
    rows = "order_id,ts,customer,total\n1,2026-03-01T10:00:00Z,c,5\n2,2026-03-01T10:00:00Z,c,five\n"
    file.write_text(rows)
    seen = {"type": "track", "event": "Product Viewed", "messageId": "1", "anonymousId": "a"}
    lines = [json.dumps(seen | {"timestamp": "2026-02-28T10:00:00Z"}), '{"type": "track"}', "{"]
    (tmp_path / "s.ndjson").write_text("\n".join(lines))
    called("run", file, tmp_path / "s.ndjson", "--home", home)
    found = refused_of_files(called, home)
    assert found["orders: w.csv"] == 1
    assert sum(found.values()) == 3
    called("run", file, "--home", home)
    assert refused_of_files(called, home) == found


def refused_of_files(called: Called, home: Path) -> dict[str, int]:
    report = json.loads(called("report", "data_quality", "--home", home, "--json").out)
    return {r["what"]: r["rejects"] for r in report["rows"] if r["part"] == "What was read"}
