"""The commands that are named to the reader work as they stand, and messages say what is the matter."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Called = Callable[..., Any]
BAD = "order_id,ts,net,currency\n1,2026-03-01T10:00:00Z,12.00,EUR\n2,never,9.00,EUR\n"


@pytest.mark.parametrize("command", [(), ("config",), ("keys",), ("plan",), ("experiment",)])
def test_a_command_that_only_has_others_shows_its_help_and_no_error(
    called: Called, command: tuple[str, ...]
) -> None:
    said = called(*command)
    assert said.code == 2
    assert "Usage" in said.out + said.err
    assert "error" not in said.err


@pytest.fixture(scope="module")
def home(called: Called, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("next")
    (folder / "orders.csv").write_text(BAD)
    (folder / "calls.ndjson").write_text(
        '{"type": "track", "event": "x", "messageId": "m1", "userId": "u1"}\n'
    )
    found = folder / "a home"
    assert called("run", folder / "orders.csv", "--home", found).code == 0
    return found


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        (("rejects",), r"next: (hearthline .*)"),
        (("report", "overview"), r"(hearthline report overview.*?--csv)"),
        (("report",), r"next: (hearthline .*)"),
        (("experiment", "list"), r"next: (hearthline experiment .*)"),
    ],
)
def test_the_command_that_is_named_is_about_the_same_home(
    called: Called, home: Path, command: tuple[str, ...], pattern: str
) -> None:
    said = called(*command, "--home", home)
    assert said.code == 0, said.err
    named = re.search(pattern, " ".join((said.out + said.err).split()))
    assert named is not None
    assert shlex.split(named[1])[1:][-2 if "--csv" not in named[1] else -3 :][:2] == ["--home", str(home)]


def test_nothing_is_added_to_a_command_about_the_usual_home(
    called: Called, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTHLINE_HOME", str(home))
    assert "--home" not in called("rejects").err


def test_rejects_say_what_to_do_for_each_source(called: Called, home: Path, tmp_path: Path) -> None:

    calls = {"segment": b'{"type": "track"}', "shopify": b'{"id": 1}'}
    for name, line in calls.items():
        (tmp_path / f"{name}.ndjson").write_bytes(line + b"\n")
        assert (
            called("add", tmp_path / f"{name}.ndjson", "--source", name, "--home", tmp_path / "h").code == 0
        )
    said = called("rejects", "--home", tmp_path / "h").out
    assert "segment" in said
    assert "shopify" in said


def test_a_household_or_link_that_is_not_named_is_asked_for(called: Called, home: Path) -> None:
    for what in ("household", "link"):
        said = called("explain", what, "--home", home)
        assert said.code == 2
        assert f"hearthline explain {what} WHICH" in said.err


def test_a_file_is_no_home(called: Called, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("x")
    said = called("init", tmp_path / "events.csv")
    assert said.code == 2
    assert "a home is a folder" in said.err


def test_a_lost_key_is_named_and_not_replaced(called: Called, home: Path) -> None:
    key = home / "secret.key"
    kept = key.read_bytes()
    key.unlink()
    try:
        for command in (("report", "overview", "--home", home), ("init", home)):
            said = called(*command)
            assert said.code == 1
            assert "has lost its file secret.key" in said.err
        assert not key.exists()
    finally:
        key.write_bytes(kept)
