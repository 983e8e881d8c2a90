"""Other packages are asked on the journeys that our models read, and graded as ours are."""

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DOCS = Path(__file__).parents[2] / "docs"

# Stands for another package: three rules that anybody can write, and one that it cannot do.
RULES = """
import csv, json, sys
from pathlib import Path

for name in sys.argv[1:]:
    credit = {"First touch": {}, "Last touch": {}, "Linear": {}}
    for row in csv.DictReader(open(name)):
        path, value = row["path"].split(" > "), float(row["value"]) * int(row["conversions"])
        assert len(path) == len(row["hours"].split(" > "))
        for title, parts in (("First touch", path[:1]), ("Last touch", path[-1:]), ("Linear", path)):
            for channel in parts:
                credit[title][channel] = credit[title].get(channel, 0.0) + value / len(parts)
    told = {"credit": credit, "left_out": {"Shapley": "too many channels"}}
    Path(name).with_suffix(".json").write_text(json.dumps(told))
"""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that imports a benchmark."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module


def peers_of(script: Any, folder: Path, code: str) -> Any:
    (folder / "credit_dp6.py").write_text(code)
    return script("peer_credit").Peers({"dp6": Path(sys.executable)}, folder)


def test_rules_of_another_package_come_to_what_ours_come_to(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hearthline import sim

    truth, caused = script("truth"), sim.truth("additive", 40, 60, 101, shapley=False)
    monkeypatch.setattr(truth, "truth_of", lambda _town, _cache: caused)
    models = ("additive_hazard", "first_touch", "last_touch", "linear")
    town = truth.Town("additive", 40, 60, 101, models=models)
    found = truth.graded(town, None, peers_of(script, tmp_path, RULES))
    known = {(m.title, m.kind): m for m in found.misses}

    def said(title: str, kind: str) -> list[float]:
        miss = known[title, kind]
        return [miss.off, miss.rank, miss.recovered]

    for title in ("First touch", "Last touch", "Linear"):
        assert said(f"{title} (DP6)", "person") == pytest.approx(said(title, "person"), abs=1e-6)
    yardstick = said("Last touch before each order", "automated")
    assert said("Last touch (DP6)", "automated") == pytest.approx(yardstick, abs=1e-6)
    assert said("Last touch (DP6)", "automated") != pytest.approx(said("Last touch", "automated"), abs=1e-3)

    shown = truth.beside_peers({"additive": found.misses})
    assert re.findall(r"^\| ([A-Z][^|]*?) +\|", shown, re.MULTILINE) == [
        "Additive hazard",
        "Last touch",
        "Last touch before each order",
        "First touch (DP6)",
        "Last touch (DP6)",
        "Linear (DP6)",
    ]
    assert "| First touch (DP6)" in truth.tables_of({"additive": found.misses})
    row = script("peer_credit").alike([found.credited]).splitlines()[2]
    difference = re.fullmatch(r"\| DP6 +\| +none \| +(\S+) \|", row)
    assert difference is not None
    assert float(difference[1]) < 1e-9
    left = script("peer_credit").left_out([found.credited])
    assert left == "* Shapley (DP6): no credit in 1 of 1 towns; it says *too many channels*"


def test_a_package_that_fails_is_told_and_not_graded(script: Any, tmp_path: Path) -> None:
    import pyarrow as pa

    row = {"path": ["tv"], "conversions": [1], "value": [9.0], "null": [0], "hours": ["2.5"]}
    paths = dict.fromkeys(("person", "automated", "all"), pa.table(row))
    found = script("peer_credit").credit_of_peers(
        paths, peers_of(script, tmp_path, "raise SystemExit('no such matrix')")
    )
    assert found.credit == {}
    assert found.left_out == {("dp6", "all models"): "no such matrix"}


def test_a_package_that_cannot_be_fetched_is_named(script: Any, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no-such-package==1\.0: could not be installed.*needs a network"):
        script("environments").environment(tmp_path / "e", ["--no-index", "no-such-package==1.0"])
    assert not (tmp_path / "e" / "installed").exists()


def test_rows_of_packages_that_agree_are_one(script: Any) -> None:
    rows = [("Linear", "", ["1"]), ("Linear", "DP6", ["1"]), ("Linear", "mta", ["1"]), ("Linear", "x", ["2"])]
    assert script("peer_credit").merged(rows) == [
        ["Linear", "1"],
        ["Linear (DP6, mta)", "1"],
        ["Linear (x)", "2"],
    ]


def test_the_demo_is_graded_on_its_own_truth(script: Any) -> None:
    demo = script("truth_of_demo")
    grades, _ = demo.graded(20, 20, 7, None)
    assert grades[0].title == "Additive hazard"
    assert {g.package for g in grades} == {""}
    assert all(g.inside is not None and 0 <= g.inside <= g.channels == 9 for g in grades)


def test_a_factor_is_of_the_best_other_package(script: Any) -> None:
    demo = script("truth_of_demo")

    def grade(title: str, package: str, error: float, inside: int | None = None) -> Any:
        return demo.Grade(title, package, 0.5, error, error, error, 100 * error, inside, 9)

    easy = [
        grade("Hazard", "", 0.1, 8),
        grade("Linear", "", 0.12, 3),
        grade("A", "x", 0.3),
        grade("B", "x", 0.2),
    ]
    hard = [
        grade("Hazard", "", 0.2, 6),
        grade("Linear", "", 0.12, 4),
        grade("A", "x", 0.3),
        grade("B", "x", 0.4),
    ]
    told = demo.told(
        1000, 120, {7: (easy, _none(script)), 111: (easy, _none(script)), 112: (hard, _none(script))}, 7
    )
    own, others = told.split("### Other towns")
    row = re.compile(r"\| pairs in wrong order \|(.*)\|")
    assert _cells(row, own) == ["0.100", "0.200", "B (x)", "2.0", "yes"]
    assert _cells(row, others) == ["0.150", "0.250", "B (x), A (x)", "1.8 (1.5 to 2.0)", "in 1 of 2 towns"]
    assert re.search(r"\| A \(x\) .* 0.300 \(2.2 x\) .* none \|", others)
    assert re.search(r"\| Hazard .* 7 of 9 \|", others)
    assert "seed 7 (a seed used in tuning)" in own


def test_pairs_in_the_wrong_order_are_counted_and_ties_are_half(script: Any) -> None:
    wrong = script("truth_of_demo").wrong_pairs
    truth = {"a": 3.0, "b": 2.0, "c": 1.0}
    assert wrong(truth, truth) == 0.0
    assert wrong({"a": 1.0, "b": 2.0, "c": 3.0}, truth) == 1.0
    assert wrong({"a": 3.0, "b": 1.0, "c": 2.0}, truth) == pytest.approx(1 / 3)
    assert wrong({}, truth) == 0.5


def test_the_page_has_the_blocks(script: Any) -> None:
    page = (DOCS / "how-true.md").read_text()
    for mark in (script("truth").PEERS_MARK, script("truth_of_demo").MARK):
        assert f"<!-- begin: {mark} -->" in page


def test_seeds_of_tuning_are_refused(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["truth_of_demo.py", "--seeds", "111,7"])
    with pytest.raises(SystemExit, match="111,7 has seeds used in tuning"):
        script("truth_of_demo").main()


def _none(script: Any) -> Any:
    return script("peer_credit").Credited()


def _cells(row: re.Pattern[str], text: str) -> list[str]:
    found = row.search(text)
    assert found is not None
    return [cell.strip() for cell in found[1].split("|")]
