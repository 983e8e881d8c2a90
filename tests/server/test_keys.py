"""Who may come in: keys that are made, rotated and revoked while a server runs."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hearthline.schema.errors import BadConfig, UnknownName
from hearthline.server import keys
from hearthline.server.keys import Key, Keyring


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    monkeypatch.setattr(keys, "_REREAD_S", 0.0)
    return Keyring(tmp_path)


def test_a_key_is_hashed_at_rest_and_files_are_the_owners_only(ring: Keyring, tmp_path: Path) -> None:
    _, shown = ring.add("write", "segment")
    ring.add("secret", "shopify", own="shop-secret")
    assert shown not in (tmp_path / "keys.json").read_text()
    assert "shop-secret" not in (tmp_path / "keys.json").read_text()
    for name in ("keys.json", "secrets.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_key_of_one_kind_opens_no_other_door(ring: Keyring) -> None:
    _, write = ring.add("write", "segment")
    _, read = ring.add("read", scopes=("read",))
    ring.add("secret", "shopify", own="shop-secret-0123456789")
    assert not ring.allowed(write, "read")
    assert ring.allowed(read, "read")
    assert not ring.allowed(read, "write")
    assert ring.write_key(read) is None
    assert ring.write_key("shop-secret-0123456789") is None
    assert not ring.allowed("", "read")


def test_two_keys_are_valid_at_once_while_one_is_rotated(ring: Keyring) -> None:
    old, shown = ring.add("write", "segment", "shop", requests_per_second=5)
    new, again = ring.rotate(old.id, timedelta(days=7))
    assert ring.write_key(shown) is not None
    assert ring.write_key(again) == new
    assert (new.platform, new.account, new.requests_per_second) == ("segment", "shop", 5)
    ring.rotate(new.id, timedelta(0))
    assert ring.write_key(again) is None
    assert ring.write_key(shown) is not None


def test_a_grace_is_never_made_longer(ring: Keyring) -> None:
    old, _ = ring.add("write", "segment")
    ring.rotate(old.id, timedelta(days=1))
    ring.rotate(old.id, timedelta(days=30))
    until = ring.named(old.id).until
    assert until is not None
    assert until < datetime.now(UTC) + timedelta(days=2)


def test_a_platforms_secrets_are_tried_newest_first_and_revoked_ones_are_forgotten(
    ring: Keyring, tmp_path: Path
) -> None:
    first, _ = ring.add("secret", "shopify", own="one")
    ring.rotate(first.id, timedelta(hours=1), own="two")
    ring.add("secret", "shopify", "other", own="three")
    assert ring.secrets("shopify", "-") == ("two", "one")
    ring.revoke(first.id)
    assert ring.secrets("shopify", "-") == ("two",)
    assert "one" not in (tmp_path / "secrets.json").read_text()


def test_a_running_server_sees_what_another_process_changes(ring: Keyring, tmp_path: Path) -> None:
    server = Keyring(tmp_path)
    key, shown = ring.add("write", "segment")
    assert server.write_key(shown) == key
    ring.revoke(key.id)
    assert server.write_key(shown) is None


def test_a_key_that_is_used_already_may_be_brought_along(ring: Keyring) -> None:
    key, _ = ring.add("write", "segment", own="the-segment-write-key")
    assert ring.write_key("the-segment-write-key") == key
    with pytest.raises(BadConfig, match="there already"):
        ring.add("write", "segment", own="the-segment-write-key")
    with pytest.raises(BadConfig, match="too short"):
        ring.add("write", "segment", own="short")


def test_an_unknown_key_is_told_with_those_that_there_are(ring: Keyring) -> None:
    key, _ = ring.add("write", "segment")
    with pytest.raises(UnknownName, match=key.id):
        ring.revoke("nope")


def test_an_expired_key_is_no_key(ring: Keyring) -> None:
    key = Key(id="x", kind="write", made=datetime.now(UTC), until=datetime(2020, 1, 1, tzinfo=UTC))
    assert not key.valid(datetime.now(UTC))
