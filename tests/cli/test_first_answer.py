"""What `run` and `demo` say when they are done."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import hearthline as hl
from hearthline import attribution, sim
from hearthline.cli._truth import compare, rank_correlation, total_variation

Called = Callable[..., Any]


def test_the_demo_says_what_a_reader_wants_to_know(town: tuple[Path, Any]) -> None:
    folder, said = town
    assert said.code == 0, said.err
    for part in (
        "Read",
        "Found",
        "Orders",
        "Adds up",
        "Report",
        "Next",
        "90 % interval",
        "How wrong each model is",
    ):
        assert part in said.out
    assert "simulated data" in said.out
    assert str(folder / "report.html") in said.out.replace("\n", "")
    assert re.sub(r"\n +(?=/)", " ", said.out).count("\n") <= 75  # a long path takes a line of its own
    assert max(map(len, said.out.splitlines())) <= 100


def test_what_the_first_answer_credits_adds_up(town: tuple[Path, Any]) -> None:
    line = re.sub(r"\s+", " ", town[1].out[town[1].out.index("Adds up") :])
    sums = [Decimal(s.replace(",", "")) for s in re.findall(r"€([\d,]+\.\d\d)", line)[:3]]
    assert sums[0] + sums[1] == sums[2]


def test_the_page_of_the_demo_says_that_it_is_made_up(town: tuple[Path, Any]) -> None:
    assert "made-up town" in (town[0] / "report.html").read_text()


def test_a_simulated_town_stays_marked_when_it_is_run_again(called: Called, tmp_path: Path) -> None:
    called("demo", "--homes", "20", "--days", "20", "--home", tmp_path / "d", "--json")
    assert "simulated data" in called("run", "--home", tmp_path / "d").out


def test_the_next_command_that_is_named_works(called: Called, town: tuple[Path, Any]) -> None:
    order = re.search(r"hearthline explain (\S+)", town[1].out)
    assert order is not None
    said = called("explain", order[1], "--home", town[0])
    assert said.code == 0, said.err
    assert "Touches before" in said.out


def test_own_tables_need_no_configuration(called: Called, tables: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    said = called("run", *sorted(tables.glob("*.csv")), "--home", home)
    assert said.code == 0, said.err
    assert "Adds up" in said.out
    assert "simulated" not in said.out
    assert "# recognised in" in (home / "hearthline.toml").read_text()
    assert (home / "report.html").exists()
    again = json.loads(called("run", "--home", home, "--json").out)
    assert again["ledger"]
    assert again["report"].endswith("report.html")


def test_strict_makes_rejects_fail_and_keeps_the_answer(called: Called, tables: Path, tmp_path: Path) -> None:
    bad = tmp_path / "orders.csv"
    bad.write_text("order_id,ts,amount,currency\n1,2026-03-01T10:00:00Z,12.00,EUR\n2,never,9.00,EUR\n")
    said = called("run", bad, "--home", tmp_path / "strict", "--strict")
    assert said.code == 1
    assert "1, kept with their cure: 1 bad-time" in said.out
    assert called("run", "--home", tmp_path / "strict").code == 0


def test_a_second_demo_begins_anew_and_spares_what_is_not_its_own(called: Called, tmp_path: Path) -> None:
    small = ("--homes", "30", "--days", "30", "--json")
    first = json.loads(called("demo", *small, "--home", tmp_path / "d").out)
    second = json.loads(called("demo", *small, "--home", tmp_path / "d").out)
    assert first["run"]["events"] == second["run"]["events"]
    assert first["shares"] == second["shares"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    refused = called("demo", *small, "--home", tmp_path / "other")
    assert refused.code == 2
    assert "--home" in refused.err


def test_a_models_error_is_measured_against_the_truth(town: tuple[Path, Any]) -> None:
    known = sim.truth("additive", 80, 60, 3)
    misses = compare(hl.open_home(town[0]), known)
    kinds = {(m.model, m.kind): m for m in misses}
    assert {k for m, k in kinds if m == "last_touch"} == {"person", "automated", "all"}
    for miss in misses:
        assert miss.off is None or 0 <= miss.off <= 1
        assert miss.shapley is None or 0 <= miss.shapley <= 1
    total = next(t for t in known.totals if t.kind == "all")
    credited = hl.open_home(town[0]).sql(
        "SELECT sum(credited)::DOUBLE AS c FROM ledger WHERE model = 'last_touch'"
    )["c"][0]
    caused = float(total.revenue - total.revenue_without)
    assert kinds["last_touch", "all"].recovered == pytest.approx(credited.as_py() / caused, rel=1e-9)


def test_shares_that_agree_have_no_error_and_those_that_share_nothing_all_of_it() -> None:
    assert total_variation({"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 6.0}) == 0.0
    assert total_variation({"a": 1.0}, {"b": 1.0}) == 1.0
    assert total_variation({}, {"b": 1.0}) is None


def test_ranks_that_are_reversed_correlate_minus_one() -> None:
    assert rank_correlation([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == -1.0
    assert rank_correlation([1.0, 1.0, 1.0], [3.0, 2.0, 1.0]) is None
    assert rank_correlation([1.0, 1.0, 2.0], [5.0, 5.0, 9.0]) == 1.0


def test_truth_prints_every_models_error_in_every_world_asked_for(called: Called) -> None:
    said = called(
        "truth", "--homes", "40", "--days", "40", "--seeds", "5,6", "--world", "multiplicative", "--json"
    )
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["seeds"] == [5, 6]
    rows = {(r["world"], r["model"], r["kind"]) for r in told["errors"]}
    assert {
        ("multiplicative", m, k) for m in attribution.usual() for k in ("person", "automated", "all")
    } <= rows
    for row in told["errors"]:
        off = row["off"]
        assert off is None or off["least"] <= off["mean"] <= off["largest"]
