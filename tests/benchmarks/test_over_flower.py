"""With Flower itself: its messages carry what is asked, and nodes of a real network fit what one process fits."""

import os
import subprocess
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearthline.attribution import HomeSums, Privacy, Terms, fitted_privately, load, sums_of
from hearthline.schema.journey import Journeys, concatenated, journeys_of

ROOT = Path(__file__).parents[2]
TERMS = Terms(channels=2, kernels=4, strata=1)


@pytest.fixture(scope="module")
def over_flower() -> Any:
    """Return the script that starts a network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        return import_module("over_flower")


@pytest.fixture(scope="module")
def python(over_flower: Any) -> Path:
    """Return an interpreter with Flower, made once for each lock."""
    try:
        found: Path = over_flower.flower(ROOT / "bench-data" / "flower")
    except SystemExit as none:
        pytest.skip(f"Flower needs an environment of its own: {none}")
    return found


def _homes(number: int) -> Journeys:
    journeys = journeys_of([(0,), (0, 1), (1, 1), ()], converted=[True, number % 2 == 0, True, False])
    return replace(journeys, unit=np.full(journeys.n, number))


def test_the_table_tells_how_far_the_fit_is_from_the_central_one(
    over_flower: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    script, model = import_module("federated"), load("additive_hazard")
    journeys = concatenated([_homes(k) for k in range(5)])
    central = model.solve(model.gather(journeys))
    asked: list[list[int]] = []

    def carried(_python: Path, nodes: list[Journeys], terms: Terms, _folder: Path) -> Any:
        assert terms == TERMS
        asked.extend(np.unique(part.unit).tolist() for part in nodes)
        return over_flower.Carried(central.mu * 1.003, central.gamma, [60, 18, 18])

    monkeypatch.setattr(script, "flower", lambda folder: folder)
    monkeypatch.setattr(script, "carried", carried)
    told = script.over_flower(journeys, 2, None)
    assert asked == [[0, 1, 2], [3, 4]]
    found = {cells[1].strip(): cells[2].strip() for cells in (row.split("|") for row in told.splitlines())}
    assert found["largest relative difference of a rate"] == "3e-03"
    assert (found["rounds"], found["numbers that a node sends, all rounds"]) == ("3", "96")
    assert f"<!-- begin: {script.FLOWER_MARK} -->" in (ROOT / "docs" / "federated.md").read_text()


def test_what_holds_of_stand_ins_holds_of_flowers_own_messages(python: Path) -> None:
    tests = ROOT / "tests" / "attribution" / "test_flower.py"
    usual = ["-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning", "-rA"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "FLWR_TELEMETRY_ENABLED": "0"}
    command = [python, "-m", "pytest", *usual, tests]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "PASSED tests/attribution/test_flower.py::test_a_fit_through_flower" in done.stdout


def test_commands_run_with_the_older_typer_that_flower_asks_for(python: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    cases = (("models", 0, "additive_hazard"), ("frobnicate", 2, "error[usage]: No such command"))
    for name, code, told in cases:
        command = [python, "-m", "hearthline", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        assert (done.returncode, told in done.stdout + done.stderr) == (code, True), done.stderr


def test_nodes_of_a_network_fit_what_one_process_fits(over_flower: Any, python: Path, tmp_path: Path) -> None:
    nodes = [concatenated([_homes(k) for k in some]) for some in ((0, 1, 2), (3, 4))]
    found = over_flower.carried(python, nodes, TERMS, tmp_path, privately=1)
    model = load("additive_hazard")
    known = [HomeSums(model.gather(_homes(k))) for k in range(5)]
    budget = Privacy(epsilon=float("inf"), hours=1e6, exposures_h=1e6, rounds=1)
    here = fitted_privately(sums_of(known), TERMS, budget)
    assert found.mu == pytest.approx(here.mu, rel=1e-9)
    assert found.gamma == pytest.approx(here.gamma, rel=1e-9)
    assert len(found.numbers) == 8  # once what was seen, six times all channels as one, once each by itself
