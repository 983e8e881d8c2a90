"""What `import hearthline` gives: few names, each documented, nothing heavy until it is used."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import hearthline as hl

ROOT = Path(__file__).parents[1]
HEAVY = ("duckdb", "pyarrow", "numpy", "scipy", "pandas", "polars", "pyspark", "rich", "typer", "msgspec")


def test_all_names_are_there_and_nothing_else_is() -> None:
    assert hl.__all__ == sorted(hl.__all__)
    assert dir(hl) == hl.__all__
    assert len(hl.__all__) <= 30
    assert [name for name in hl.__all__ if getattr(hl, name) is None] == []


@pytest.mark.parametrize("name", hl.__all__)
def test_every_name_is_told_in_the_docs(name: str) -> None:
    assert (
        f"`hl.{name}`" in (ROOT / "docs/python.md").read_text()
        or f"## `{name}`" in (ROOT / "docs/python.md").read_text()
    )


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = hl.nothing


def test_types_are_shipped() -> None:
    assert files("hearthline").joinpath("py.typed").is_file()


@pytest.mark.parametrize("module", ["hearthline", "hearthline.cli"])
def test_importing_loads_no_engine(module: str) -> None:
    heavy = [m for m in HEAVY if module == "hearthline" or m not in ("rich", "typer")]
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_module_runs_as_the_command_does() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "hearthline", "version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith(f"hearthline {hl.__version__}")
