"""The keys of the keyed hashes as files of a home: made once, rotated, and at last destroyed.

`secret.key` is the current key and `earlier.keys` holds those before it that are still valid, the latest
first. Earlier ones are written before the new one takes their place, so that a crash in between loses
nothing. Nobody but the owner can read either.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hearthline.privacy import Ring, key_id
from hearthline.schema.errors import UnknownName
from hearthline.store.durable import write_durably

__all__ = ["HashKey", "RingFile"]


@dataclass(frozen=True, slots=True)
class HashKey:
    """A key as it may be shown: its id, whether it is the current one, and when another took its place."""

    id: str
    current: bool
    rotated: datetime | None


class RingFile:
    """The ring of one home; `now` returns it as it is, whoever changed it.

    >>> import tempfile
    >>> ring = RingFile(Path(tempfile.mkdtemp()))
    >>> ring.begin()
    >>> old = ring.now().current
    >>> ring.rotate()
    >>> ring.now().earlier == (old,), ring.now().current == old
    (True, False)
    """

    def __init__(self, home: Path) -> None:
        self._current, self._earlier, self._marks = (
            home / name for name in ("secret.key", "earlier.keys", "marks.key")
        )
        self._listed = home / "forgotten.json"
        self._read: Ring | None = None
        self._seen: tuple[object, object] | None = None

    @property
    def begun(self) -> bool:
        """Whether there is a key at all."""
        return self._current.exists()

    def begin(self) -> None:
        """Make the first key, where there is none."""
        if not self.begun:
            write_durably(self._current, secrets.token_bytes(32), mode=0o600)
            self._read = None

    def now(self) -> Ring:
        """Return the ring of this moment."""
        seen = _state(self._current), _state(self._earlier)
        if self._read is None or seen != self._seen:
            current = self._current.read_bytes()
            earlier = tuple(bytes.fromhex(k["key"]) for k in self._kept())
            self._read, self._seen = Ring(current, tuple(k for k in earlier if k != current)), seen
        return self._read

    def marks_key(self) -> bytes:
        """Return the key of the marks of those who were forgotten.

        It is made with the first mark and stays, whatever is rotated. Marks that are older than this file
        were made with the key of the hashes, which then is kept for them.
        """
        if not self._marks.exists():
            legacy = self._listed.exists()
            oldest = (self.now().every)[-1]
            write_durably(self._marks, oldest if legacy else secrets.token_bytes(32), mode=0o600)
        return self._marks.read_bytes()

    def listed(self) -> list[HashKey]:
        """Return the keys, the current one first."""
        found = [HashKey(key_id(self.now().current), current=True, rotated=None)]
        current = self.now().current.hex()
        return found + [
            HashKey(key_id(bytes.fromhex(k["key"])), current=False, rotated=_time(k["rotated"]))
            for k in self._kept()
            if k["key"] != current
        ]

    def rotate(self) -> None:
        """Make a new key the current one; the one before it stays valid."""
        if self._listed.exists():
            self.marks_key()
        old = self._current.read_bytes().hex()
        kept = [k for k in self._kept() if k["key"] != old]
        self._keep([{"key": old, "rotated": datetime.now(UTC).isoformat()}, *kept])
        write_durably(self._current, secrets.token_bytes(32), mode=0o600)
        self._read = None

    def destroy(self, name: str) -> None:
        """Destroy the oldest key; its hashes stay, and nobody can make them again.

        Raises:
            UnknownName: no earlier key has that id, or an older one is still valid.
        """
        kept = self._kept()
        ids = [key_id(bytes.fromhex(k["key"])) for k in kept]
        if name not in ids:
            raise UnknownName(
                f"keys: no earlier key {name!r}; `hearthline keys hash` lists them; the current one is "
                "rotated first: `hearthline keys rotate-hash`"
            )
        if name != ids[-1]:
            raise UnknownName(f"keys: {ids[-1]} is older than {name}; destroy the oldest key first")
        if self._marks.exists() and self._marks.read_bytes().hex() == kept[-1]["key"]:
            raise UnknownName(
                f"keys: {name} is also what tells those forgotten before keys could be rotated; without it "
                "they would come back, so it stays"
            )
        self._keep(kept[:-1])
        self._read = None

    def _kept(self) -> list[dict[str, str]]:
        if not self._earlier.exists():
            return []
        kept: list[dict[str, str]] = json.loads(self._earlier.read_bytes())["keys"]
        return kept

    def _keep(self, keys: list[dict[str, str]]) -> None:
        write_durably(self._earlier, json.dumps({"keys": keys}, indent=1).encode(), mode=0o600)


def _state(file: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever the file is replaced; None where there is none."""
    try:
        told = file.stat()
    except FileNotFoundError:
        return None
    return told.st_mtime_ns, told.st_size, told.st_ino


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
