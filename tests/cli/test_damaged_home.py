"""A home of which a part is broken: commands say so, with the cure, and never call it a defect."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Called = Callable[..., Any]


def test_a_broken_answer_is_no_defect_of_the_program(called: Called, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "orders.csv"
    file.write_text("order_id,ts,customer,total,consent\n1,2026-03-01T10:00:00Z,c,20,yes\n")
    called("run", file, "--home", home)
    (answer,) = (home / "answers").glob("*.duckdb")
    answer.write_bytes(answer.read_bytes()[:20_000])
    for command in (("report", "audit"), ("explain", "1"), ("events",), ("sql", "SELECT * FROM orders")):
        said = called(*command, "--home", home)
        assert (said.code, "defect" in said.err) == (1, False)
        assert "error[home-damaged]" in said.err
        assert f"make the answer anew: hearthline run --home {home}" in said.err
    assert called("run", "--home", home).code == 0
    assert called("explain", "1", "--home", home).code == 0
    (events,) = (home / "lake" / "events").glob("*/*.parquet")
    events.unlink()
    for command in (("run",), ("run", file), ("explain", "1")):
        said = called(*command, "--home", home)
        assert (said.code, "defect" in said.err) == (1, False)
        assert events.name in said.err
        assert "bring back what is missing from a backup" in said.err
