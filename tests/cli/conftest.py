"""Runs commands as a terminal would, and keeps one small home that commands read."""

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from hearthline import sim
from hearthline.cli import main


class Outcome(NamedTuple):
    """What a command left: its exit code and what it wrote on both streams."""

    code: int
    out: str
    err: str


def _called(*arguments: str | Path) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main([str(a) for a in arguments])
    return Outcome(int(left.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def called() -> Callable[..., Outcome]:
    """Return what calls a command in this process."""
    return _called


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stranger's two CSV files about a small simulated town."""
    folder = tmp_path_factory.mktemp("tables")
    sim.write_tables("additive", 80, 60, 3, folder)
    return folder


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A home made by the demo, and what the demo said."""
    folder = tmp_path_factory.mktemp("demo") / "town"
    return folder, _called("demo", "--homes", "80", "--days", "60", "--seed", "3", "--home", folder)
