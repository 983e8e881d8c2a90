"""The benchmark of the signals runs small, prints its tables, and fills its blocks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks/signals"
DOCS = Path(__file__).parents[2] / "docs"


def run(*arguments):
    command = [sys.executable, str(BENCHMARK), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["offers", "million", "lifetime_value"])
def test_a_part_runs_small_and_fills_its_block(name, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        f"before\n<!-- begin: make bench-signals, {name} -->\nwhat stood here\n<!-- end -->\nafter\n"
    )
    done = run("--only", name, "--small", "--write", str(page))
    assert done.returncode == 0, done.stderr
    assert "| " in page.read_text()
    assert "what stood here" not in page.read_text()


def test_seeds_that_were_used_in_tuning_are_refused():
    done = run("--seeds", "101,3")
    assert done.returncode == 1
    assert "used in tuning" in done.stderr


def test_every_part_has_its_block_in_the_docs():
    blocks = set(re.findall(r"begin: make bench-signals, (\w+) -->", (DOCS / "signals.md").read_text()))
    parts = {f.stem for f in BENCHMARK.glob("*.py") if re.search(r"^def told\(", f.read_text(), re.MULTILINE)}
    assert blocks == parts
