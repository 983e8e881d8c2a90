"""`hearthline map`: what a file would become, and the mapping in the settings."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hearthline as hl

Called = Callable[..., Any]
TILL = "Bon;Moment;Wer;Wert\n7;2026-03-01T10:00:00Z;a@b.example;12.50\n8;2026-03-02T9:00:00Z;c@d.example;3.20\n9;soon;c@d.example;3.20\n"


@pytest.fixture
def till(tmp_path: Path) -> Path:
    path = tmp_path / "till.csv"
    path.write_text(TILL)
    return path


def test_it_shows_what_rows_would_become_and_changes_nothing(
    called: Called, till: Path, tmp_path: Path
) -> None:
    said = called("map", str(till), "--home", str(tmp_path / "home"), "--json")
    told = json.loads(said.out)
    assert said.code == 0
    assert (told["kind"], told["read"], told["accepted"], told["rejects"]) == ("orders", 3, 2, 1)
    assert told["mapping"]["ts"] == "Moment"
    assert told["rows"][0]["commerce_order"] == "7"
    assert told["refused"][0]["place"] == f"{till}:4:3"
    assert not (tmp_path / "home").exists()
    assert "what the first rows would become" in called("map", str(till)).out


def test_what_is_written_is_what_add_uses(called: Called, till: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for _ in range(2):  # written again, it stands there once
        assert called("map", str(till), "--home", str(home), "--write", "--map", "currency=EUR").code == 0
    text = (home / "hearthline.toml").read_text()
    assert text.count("[map.") == 1
    assert tomllib.loads(text)["map"]["till.csv"]["order_id"] == "Bon"
    (intake,) = hl.open_home(home).add(till)
    assert (intake.source, intake.events, intake.rejects) == ("orders", 2, 1)


def test_what_lacks_is_said_with_the_cure(called: Called, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("Tag,Ausgaben\n2026-03-01,10.20\n2026-03-02,3.20\n")
    said = called("map", str(path), "--as", "spend")
    assert said.code == 1
    assert "--map channel=NAME" in said.err
