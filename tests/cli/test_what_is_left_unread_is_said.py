"""What lies in a folder and no source reads is named with its reason; it stops nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hearthline import files
from hearthline.schema.errors import BadFile

Called = Callable[..., Any]
EVENTS = "timestamp,event,household,channel\n2026-03-01T09:00:00Z,ad_view,h1,tv\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "exports"
    (place / ".cache").mkdir(parents=True)
    (place / "events.csv").write_text(EVENTS)
    (place / "notes.docx").write_text("no table")
    (place / ".hidden.csv").write_text(EVENTS)
    (place / "empty.csv").write_text("\ufeff\n")
    (place / ".cache/old.csv").write_text(EVENTS)
    return place


def test_files_that_no_source_reads_are_named_with_the_reason(folder: Path) -> None:
    assert {p.name: why for p, why in files.left_unread([folder]).items()} == {
        ".cache": "hidden",
        ".hidden.csv": "hidden",
        "empty.csv": "empty",
        "notes.docx": "unknown ending",
    }
    assert [p.name for p in files.find([folder])] == ["events.csv"]


def test_what_is_named_itself_is_not_left_unread(folder: Path) -> None:
    assert "notes.docx" not in {p.name for p in files.left_unread([folder, folder / "notes.docx"])}
    assert "empty.csv" in {p.name for p in files.left_unread([str(folder.parent / "*")])}


def test_a_folder_of_nothing_but_empty_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(BadFile, match="no data in this folder"):
        files.find([tmp_path])


@pytest.mark.parametrize("command", ["add", "run"])
def test_what_is_left_unread_is_said_and_stops_nothing(
    called: Called, folder: Path, tmp_path: Path, command: str
) -> None:
    got = called(command, folder, "--home", tmp_path / "home")
    assert got.code == 0, got.err
    assert "left unread: 4 files: " in got.err
    assert "notes.docx (unknown ending)" in got.err
    assert "name a file itself to have it read" in got.err


def test_a_long_list_of_what_is_left_unread_ends(called: Called, folder: Path, tmp_path: Path) -> None:
    for number in range(20):
        (folder / f"picture-{number:02}.png").write_bytes(b"x")
    got = called("add", folder, "--home", tmp_path / "home")
    assert "left unread: 24 files: " in got.err
    assert ", and 16 more; " in got.err


def test_where_nothing_is_left_unread_nothing_is_said(called: Called, folder: Path, tmp_path: Path) -> None:
    assert "left unread" not in called("add", folder / "events.csv", "--home", tmp_path / "home").err
