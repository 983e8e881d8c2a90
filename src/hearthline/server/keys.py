"""The keys of a home: write keys and read tokens hashed, platforms' own secrets in a file for the owner only.

```
keys.json      what each key may do, with the SHA-256 of it: never the key
secrets.json   secrets that platforms sign with; checking an HMAC needs them as they are (mode 0600)
```
A key is 256 random bits, so a plain hash cannot be searched. A running server sees a change within a second.
"""

import fcntl
import hmac
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hearthline.schema.errors import BadConfig, UnknownName
from hearthline.sources import key_id
from hearthline.store.home import write_durably

__all__ = ["ANY", "SCOPES", "Key", "Keyring", "Kind", "Scope"]

Kind = Literal["write", "read", "secret"]
Scope = Literal["read", "identifiers", "write"]
SCOPES: tuple[Scope, ...] = ("read", "identifiers", "write")
"""What a read token may do: see figures, see identifiers, set rejects going again."""
ANY = "*"
"""The platform of a write key that opens the door of every source."""
_REREAD_S = 0.5
_SHORTEST = 16


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one key may do; `id` is told in events, lists and logs, the key itself never.

    `until` is when it stops to be valid (UTC); `requests_per_second` overrides the door's own limit.
    """

    id: str
    kind: Kind
    made: datetime
    platform: str = ANY
    account: str = "-"
    scopes: tuple[Scope, ...] = ()
    digest: str = ""
    until: datetime | None = None
    requests_per_second: Annotated[float, msgspec.Meta(gt=0)] | None = None

    def valid(self, now: datetime) -> bool:
        """Return whether it is still good."""
        return self.until is None or now < self.until


class _File(msgspec.Struct, kw_only=True):
    version: int = 1
    keys: list[Key] = []


class Keyring:
    """The keys of the home in that folder, read anew when another process changed them.

    >>> import tempfile
    >>> ring = Keyring(Path(tempfile.mkdtemp()))
    >>> key, shown = ring.add("write", "segment")
    >>> ring.write_key(shown) == key, ring.write_key("another")
    (True, None)
    """

    def __init__(self, home: Path) -> None:
        self._keys, self._secrets, self._lock = home / "keys.json", home / "secrets.json", home / "keys.lock"
        self._looked = -_REREAD_S
        self._seen: tuple[int, int, int] | None = None
        self._all: list[Key] = []
        self._by_digest: dict[str, Key] = {}
        self._secret_of: dict[str, str] = {}

    # Asking ------------------------------------------------------------------

    def all(self) -> list[Key]:
        """Return every key that is still valid, oldest first."""
        self._reread()
        now = datetime.now(UTC)
        return [k for k in self._all if k.valid(now)]

    def write_key(self, given: str) -> Key | None:
        """Return the write key that was given, or None. What is compared are hashes, in constant time."""
        found = self._found(given)
        return found if found is not None and found.kind == "write" else None

    def allowed(self, token: str, scope: str) -> bool:
        """Return whether a read token has the scope."""
        found = self._found(token)
        return found is not None and found.kind == "read" and scope in found.scopes

    def secrets(self, platform: str, account: str) -> tuple[str, ...]:
        """Return the secrets that the platform may sign with for that account, newest first."""
        held = [
            k for k in self.all() if k.kind == "secret" and (k.platform, k.account) == (platform, account)
        ]
        return tuple(self._secret_of[k.id] for k in reversed(held) if k.id in self._secret_of)

    def holds(self, kind: Kind) -> bool:
        """Return whether there is a valid key of that kind."""
        return any(k.kind == kind for k in self.all())

    def _found(self, given: str) -> Key | None:
        self._reread()
        digest = _digest(given)
        key = self._by_digest.get(digest)
        if key is None or not hmac.compare_digest(key.digest, digest) or not key.valid(datetime.now(UTC)):
            return None
        return key

    # Changing ----------------------------------------------------------------

    def add(
        self,
        kind: Kind,
        platform: str = ANY,
        account: str = "-",
        *,
        own: str | None = None,
        scopes: tuple[Scope, ...] = (),
        requests_per_second: float | None = None,
    ) -> tuple[Key, str]:
        """Return a new key and its text, which cannot be shown again.

        Args:
            kind: what it is for.
            platform: the source's name, or `ANY`.
            account: of which account.
            own: a text that is used already, as a platform's secret; default: 256 random bits.
            scopes: of a read token.
            requests_per_second: its own limit.
        """
        shown = own if own is not None else f"hl_{kind[0]}_{secrets.token_urlsafe(32)}"
        if kind != "secret" and len(shown) < _SHORTEST:
            raise BadConfig(
                f"keys: the key is too short; got {len(shown)} characters; use {_SHORTEST} or more"
            )
        key = Key(
            id=key_id(shown),
            kind=kind,
            made=datetime.now(UTC),
            platform=platform,
            account=account,
            scopes=scopes,
            digest=_digest(shown),
            requests_per_second=requests_per_second,
        )
        with self._changing() as keys:
            if any(k.id == key.id for k in keys):
                raise BadConfig(
                    f"keys: this key is there already, as {key.id}; revoke it first, or use another"
                )
            if kind == "secret":
                self._write_secrets({**self._secret_of, key.id: shown})
            keys.append(key)
        return key, shown

    def rotate(self, name: str, grace: timedelta, own: str | None = None) -> tuple[Key, str]:
        """Return a new key with the rights of an old one; the old one is good for the grace yet."""
        old = self.named(name)
        made = self.add(
            old.kind,
            old.platform,
            old.account,
            own=own,
            scopes=old.scopes,
            requests_per_second=old.requests_per_second,
        )
        end = datetime.now(UTC) + grace
        with self._changing() as keys:
            keys[:] = [
                msgspec.structs.replace(k, until=min(end, k.until or end)) if k.id == old.id else k
                for k in keys
            ]
        return made

    def revoke(self, name: str) -> Key:
        """Return the key that is not valid any more from now on; a platform's secret is forgotten."""
        old = self.named(name)
        with self._changing() as keys:
            keys[:] = [k for k in keys if k.id != old.id]
            self._write_secrets({i: s for i, s in self._secret_of.items() if i != old.id})
        return old

    def named(self, name: str) -> Key:
        """Return the valid key of that id.

        Raises:
            UnknownName: there is none; the message lists those that there are.
        """
        found = next((k for k in self.all() if k.id == name), None)
        if found is None:
            known = ", ".join(k.id for k in self.all()) or "none yet"
            raise UnknownName(f"keys: no key named {name!r}; choose one of {known}")
        return found

    @contextmanager
    def _changing(self) -> Iterator[list[Key]]:
        """Give all keys to be changed, while no other process does so; they are written at the end."""
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._read()
            keys = list(self._all)
            yield keys
            write_durably(self._keys, msgspec.json.format(msgspec.json.encode(_File(keys=keys))), 0o600)
            self._read()
        finally:
            os.close(handle)

    def _write_secrets(self, held: dict[str, str]) -> None:
        if held or self._secrets.exists():
            write_durably(self._secrets, msgspec.json.encode(held), 0o600)

    # Reading -----------------------------------------------------------------

    def _reread(self) -> None:
        now = time.monotonic()
        if now - self._looked >= _REREAD_S:
            self._looked = now
            if _stamp(self._keys) != self._seen:
                self._read()

    def _read(self) -> None:
        self._seen = _stamp(self._keys)
        try:
            held = msgspec.json.decode(self._secrets.read_bytes() or b"{}", type=dict[str, str])
        except FileNotFoundError:
            held = {}
        try:
            keys = msgspec.json.decode(self._keys.read_bytes(), type=_File).keys
        except FileNotFoundError:
            keys = []
        except msgspec.DecodeError as error:
            raise BadConfig(f"{self._keys}: not a file of keys; {error}; restore it") from None
        self._all, self._secret_of = keys, held
        self._by_digest = {k.digest: k for k in keys if k.kind != "secret"}


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
