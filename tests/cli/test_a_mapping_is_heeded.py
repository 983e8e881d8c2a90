"""What `--map`, `--source` and `[map]` say is heeded, or refused as wrong use: never passed over in silence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Called = Callable[..., Any]
EVENTS = "timestamp,event,home_ref,channel\n2026-03-01T09:00:00Z,ad_view,h1,tv\n"
ORDERS = "order_id,ts,net,currency,home_ref\n7,2026-03-02T10:00:00Z,12.00,EUR,h1\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "events.csv").write_text(EVENTS)
    (tmp_path / "orders.csv").write_text(ORDERS)
    return tmp_path / "events.csv", tmp_path / "orders.csv"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("--map", "ts"), ("'ts' is not FIELD=COLUMN", "--map ts=COLUMN")),
        (("--map", "househol=home_ref"), ("no field 'househol'", "did you mean `household`?")),
        (("--map", "decimal=semicolon"), ("decimal cannot be 'semicolon'", "comma or point")),
        (("--map", "dates=first"), ("dates cannot be 'first'", "day-first or month-first")),
        (("--map", "ts=timestamp", "--map", "ts=day"), ("ts is named twice",)),
        (("--map", "ts=nope"), ("for `ts`, no file has a column 'nope'",)),
        (("--map", "person=home_rf"), ("no file has a column 'home_rf'", "did you mean `home_ref`?")),
        (("--map", "cost=channel"), ("cost=channel is used by no file",)),
        (("--source", "segmnt"), ("no source named 'segmnt'", "did you mean `segment`?")),
    ],
)
def test_what_cannot_be_heeded_is_wrong_use(
    called: Called, files: tuple[Path, Path], tmp_path: Path, said: tuple[str, ...], words: tuple[str, ...]
) -> None:
    heeded = () if said[0] == "--source" else ("--map", "household=home_ref")
    home = tmp_path / "home"
    got = called("run", *files, *heeded, *said, "--home", home)
    assert got.code == 2, got.err
    for word in words:
        assert word in got.err
    assert called("run", "--home", home).code == 1  # nothing was added


def test_a_needed_column_that_is_misspelt_is_named(
    called: Called, files: tuple[Path, Path], tmp_path: Path
) -> None:
    got = called("run", files[0], "--map", "household=home_rf", "--home", tmp_path / "home")
    assert got.code == 1
    assert "--map household=home_rf: there is no column `home_rf`" in got.err


def test_a_column_that_one_of_the_files_has_is_enough(
    called: Called, files: tuple[Path, Path], tmp_path: Path
) -> None:
    got = called(
        "add", *files, "--map", "household=home_ref", "--map", "ts=timestamp", "--home", tmp_path / "home"
    )
    assert got.code == 0, got.err


@pytest.mark.parametrize("text", ['[map]\nhousehol = "x"\n', '[map."a.csv"]\nhousehol = "x"\n'])
def test_a_field_that_there_is_not_is_refused_in_the_settings_too(
    called: Called, files: tuple[Path, Path], tmp_path: Path, text: str
) -> None:
    home = tmp_path / "home"
    assert called("add", *files, "--map", "household=home_ref", "--home", home).code == 0
    (home / "hearthline.toml").write_text(text)
    for command in (("run",), ("run", *files)):
        got = called(*command, "--home", home)
        assert got.code == 2
        assert "did you mean `household`?" in got.err
    assert called("doctor", "--home", home).code == 1
