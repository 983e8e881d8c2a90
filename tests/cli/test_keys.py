"""Keys on the command line: shown once, listed without themselves, rotated, revoked."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hearthline.server.keys import Keyring

Called = Callable[..., Any]


def test_a_write_key_is_printed_once_and_opens_its_source(called: Called, tmp_path: Path) -> None:
    said = called("keys", "add", "segment", "--account", "shop", "--rate", "5", "--home", tmp_path)
    assert said.code == 0
    key = Keyring(tmp_path).write_key(said.out.strip())
    assert key is not None
    assert (key.platform, key.account, key.requests_per_second) == ("segment", "shop", 5.0)
    listed = called("keys", "list", "--home", tmp_path, "--json")
    assert said.out.strip() not in listed.out
    assert [row["key"] for row in json.loads(listed.out)] == [key.id]
    assert key.id in called("keys", "list", "--home", tmp_path).out


def test_a_rotated_key_leaves_the_old_one_valid_for_a_while(called: Called, tmp_path: Path) -> None:
    old = called("keys", "add", "any", "--home", tmp_path).out.strip()
    ring = Keyring(tmp_path)
    (first,) = ring.all()
    new = called("keys", "rotate", first.id, "--days", "1", "--home", tmp_path).out.strip()
    ring = Keyring(tmp_path)
    assert ring.write_key(old) is not None
    assert ring.write_key(new) is not None
    assert called("keys", "revoke", first.id, "--home", tmp_path).code == 0
    assert Keyring(tmp_path).write_key(old) is None


def test_a_platforms_secret_is_read_and_never_shown(
    called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("the-secret\n"))
    said = called("keys", "add", "shopify", "--secret", "--home", tmp_path)
    assert (said.code, said.out) == (0, "")
    assert "the-secret" not in said.err
    assert Keyring(tmp_path).secrets("shopify", "-") == ("the-secret",)


def test_a_read_token_has_the_scopes_that_were_asked_for(called: Called, tmp_path: Path) -> None:
    said = called("keys", "add", "--read", "read", "--read", "identifiers", "--home", tmp_path)
    ring = Keyring(tmp_path)
    token = said.out.strip()
    assert [ring.allowed(token, s) for s in ("read", "identifiers", "write")] == [True, True, False]


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        ((), "--read"),
        (("nobody",), "canonical"),
        (("--read", "everything"), "identifiers"),
    ],
)
def test_wrong_use_says_what_to_do(
    called: Called, tmp_path: Path, arguments: tuple[str, ...], cure: str
) -> None:
    said = called("keys", "add", *arguments, "--home", tmp_path)
    assert said.code == 2
    assert cure in said.err


def test_an_unknown_key_is_no_key(called: Called, tmp_path: Path) -> None:
    assert called("keys", "revoke", "nope", "--home", tmp_path).code == 2
    assert "no keys yet" in called("keys", "list", "--home", tmp_path).err


def test_the_key_of_the_hashes_is_rotated_and_destroyed_with_words_on_what_that_leaves(
    called: Called, tmp_path: Path
) -> None:
    assert called("init", tmp_path / "h").code == 0
    at = ("--home", tmp_path / "h")
    (first,) = json.loads(called("keys", "hash", *at, "--json").out)
    assert first["current"] is True
    assert called("keys", "rotate-hash", *at).code == 0
    assert first["key"] in called("keys", "hash", *at).out
    said = called("keys", "destroy-hash", first["key"], *at)
    assert said.code == 0
    assert "not recognised without it" in said.err
    assert "add --yes" in said.err
    assert len(json.loads(called("keys", "hash", *at, "--json").out)) == 2
    assert called("keys", "destroy-hash", first["key"], "--yes", *at).code == 0
    (left,) = json.loads(called("keys", "hash", *at, "--json").out)
    assert left["key"] != first["key"]
    assert called("keys", "destroy-hash", left["key"], "--yes", *at).code != 0
