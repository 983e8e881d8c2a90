"""The short form of the torture: a real server, killed while it is sent to."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.torture
def test_nothing_acknowledged_is_lost_and_servers_with_a_defect_are_caught() -> None:
    pytest.importorskip("granian")
    command = [sys.executable, str(BENCHMARKS / "torture.py"), "--small"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "|" in line]
    verdicts = {row[0]: row[-1] for row in cells[2:]}
    assert verdicts["kill -9 at random"] == "nothing lost"
    assert verdicts["control: acknowledges before it writes"] == "caught"
    assert verdicts["control: de-duplication switched off"] == "caught"
