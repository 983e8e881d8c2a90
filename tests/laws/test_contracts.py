"""Each import contract is seen to fail: a violation is planted in a copy of the tree, and caught."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

PLANTED = {
    "floors": ("schema/planted.py", "from hearthline.store.lake import Lake\n"),
    "siblings": ("sources/planted.py", "from hearthline.sources.segment import read\n"),
    "pure": ("reports/planted.py", "from hearthline.store.answer import PublishedAnswer\n"),
    "doors": ("server/ingest/planted.py", "from hearthline.server.dashboard import planted\n"),
    "read_door": ("server/ingest/planted.py", "from hearthline.server.api import planted\n"),
    "truth": ("pipeline/planted.py", "def known():\n    from hearthline import sim\n    return sim\n"),
    "acyclic": ("identity/planted.py", "from hearthline.identity.planted_too import b\n"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package and its contracts."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests/laws").mkdir(parents=True)
    for file in (".importlinter", "tests/__init__.py", "tests/laws/siblings.py"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def lint(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    command = [LINT, "--no-cache", "--no-logo", *options]
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_every_contract_has_a_violation_planted_here() -> None:
    named = [
        line.removeprefix("[importlinter:contract:").rstrip("]")
        for line in (ROOT / ".importlinter").read_text().splitlines()
        if line.startswith("[importlinter:contract:")
    ]
    assert sorted(named) == sorted(PLANTED)


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_violation_is_caught(tree: Path, contract: str) -> None:
    place, code = PLANTED[contract]
    (tree / "src/hearthline" / place).write_text(code)
    room = {"doors": "dashboard", "read_door": "api"}.get(contract)
    if room is not None:
        (tree / "src/hearthline/server" / room).mkdir(exist_ok=True)
        for name in ("__init__", "planted"):
            (tree / f"src/hearthline/server/{room}/{name}.py").touch()
    if contract == "acyclic":
        (tree / "src/hearthline/identity/planted_too.py").write_text(
            "from hearthline.identity.planted import a\n"
        )
    told = lint(tree, "--contract", contract)
    assert told.returncode == 1, told.stdout + told.stderr
    assert "planted" in told.stdout


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("attribution/_planted.py", "from hearthline.attribution.linear import Linear\n"),
        ("reports/planted/inner.py", "from hearthline.reports import paths\n"),
        ("sim/worlds/planted.py", "import hearthline.sim.worlds.additive\n"),
    ],
)
def test_shared_modules_packages_and_worlds_import_no_member(tree: Path, place: str, code: str) -> None:
    file = tree / "src/hearthline" / place
    file.parent.mkdir(exist_ok=True)
    (file.parent / "__init__.py").touch()
    file.write_text(code)
    told = lint(tree, "--contract", "siblings")
    assert told.returncode == 1, told.stdout + told.stderr
    assert "planted" in told.stdout


def test_a_room_that_no_floor_names_is_caught(tree: Path) -> None:
    (tree / "src/hearthline/misc").mkdir()
    (tree / "src/hearthline/misc/__init__.py").write_text("")
    told = lint(tree, "--contract", "floors")
    assert told.returncode == 1
    assert "misc" in told.stdout


def test_the_tree_as_it_is_keeps_every_contract(tree: Path) -> None:
    told = lint(tree)
    assert told.returncode == 0, told.stdout + told.stderr
