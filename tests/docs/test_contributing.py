"""`CONTRIBUTING.md` works as written: its source is added to a copy of the tree, and the laws run over it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
NEEDED = ("src", "tests/sources", "tests/golden", "docs/sources")


def told_files() -> dict[str, str]:
    """Return the files that the guide tells to write: path to content."""
    found = re.findall(
        r"^`((?:src|tests|docs)/[^`]+)`\n\n```[a-z]+\n(.*?)```", GUIDE, re.MULTILINE | re.DOTALL
    )
    return dict(found)


def told_commands() -> list[str]:
    """Return the commands that the guide tells to run."""
    (block,) = re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)
    return block.splitlines()


def copied(folder: Path) -> Path:
    """Return a copy of the part of the tree that a source touches."""
    for part in NEEDED:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests/laws").mkdir()
    for file in ("tests/laws/test_source_laws.py", "pyproject.toml"):
        shutil.copy(ROOT / file, folder / file)
    for marker in ROOT.glob("tests/**/__init__.py"):
        (folder / marker.relative_to(ROOT)).parent.mkdir(exist_ok=True)
        shutil.copy(marker, folder / marker.relative_to(ROOT))
    return folder


def run(tree: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    words = shlex.split(command)
    program = [sys.executable, *words[1:]] if words[0] == "python" else [sys.executable, "-m", *words]
    return subprocess.run(
        program, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def added(tree: Path) -> Path:
    """Return the tree with the guide's files written and its line added to the index."""
    for name, content in told_files().items():
        (tree / name).write_text(content)
    line = re.search(r"`(\| \[ACME kettle\][^`]+\|)`", GUIDE)
    assert line is not None
    index = tree / "docs/sources/README.md"
    index.write_text(re.sub(r"(\|---.*\n)", rf"\1{line[1]}\n", index.read_text(), count=1))
    return tree


def test_a_source_is_added_as_the_guide_says(tmp_path: Path) -> None:
    tree = added(copied(tmp_path))
    assert len(told_files()) == 4
    commands = told_commands()
    assert commands[-1].startswith("pytest")
    for command in commands:
        told = run(tree, command)
        assert told.returncode == 0, told.stdout + told.stderr
    assert run(tree, "python -m hearthline sources acme_kettle").returncode == 0
    (tree / "messages.ndjson").write_text(
        '{"kettle_serial": "K-1", "home": "home-7", "filter": 8, "at": "2026-03-01T07:30:00Z"}\n'
    )
    told = run(tree, "python -m hearthline add messages.ndjson --home home --json")
    assert '"source": "acme_kettle"' in told.stdout, told.stderr


def test_a_source_that_claims_what_is_not_its_own_is_caught_by_the_laws(tmp_path: Path) -> None:
    tree = added(copied(tmp_path))
    module = tree / "src/hearthline/sources/acme_kettle.py"
    strict = ' and "kettle_serial" in payload and "filter" in payload'
    assert strict in module.read_text()
    module.write_text(module.read_text().replace(strict, ""))
    told = run(tree, told_commands()[-1])
    assert told.returncode == 1
    assert "acme_kettle" in told.stdout


def test_the_guides_source_is_in_house_style(tmp_path: Path) -> None:
    tree = added(copied(tmp_path))
    files = " ".join(name for name in told_files() if name.endswith(".py"))
    for check in ("check", "format --check"):
        told = run(tree, f"ruff {check} --no-cache {files}")
        assert told.returncode == 0, told.stdout + told.stderr
