"""The threat model names a test for each of its rows, and each of them exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_threat_is_covered_by_a_test_that_exists() -> None:
    page = (ROOT / "docs/threat-model.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    tests = "\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert len(named) == 1, row
        assert f"def {named[0]}(" in tests, named[0]
