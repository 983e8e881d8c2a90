"""Which clients have a session here, across restarts of the server.

A session of ours holds nothing, as we never send messages; but a client that asks for its session and hears
that there is none may throw away what it has not yet sent. So we remember who had one (MQTT 5.0, 3.2.2.1.1).
Names are hashed: a client's id may be a person's.
"""

import struct
import time
from hashlib import blake2b
from pathlib import Path

__all__ = ["Sessions"]

_LINE = struct.Struct("<16sQ")
_MOST = 200_000


class Sessions:
    """Sessions by their client, each until it expires.

    Args:
        path: a file that remembers them over a restart; without it they live in memory.

    >>> sessions = Sessions()
    >>> sessions.remember("key", "tap", 3600)
    >>> sessions.knows("key", "tap"), sessions.knows("other key", "tap")
    (True, False)
    """

    def __init__(self, path: Path | None = None) -> None:
        self._until: dict[bytes, int] = {}
        self._path = path
        if path is not None and path.exists():
            raw, now = path.read_bytes(), int(time.time())
            whole = len(raw) - len(raw) % _LINE.size
            for name, until in _LINE.iter_unpack(raw[:whole]):
                self._until.pop(name, None)
                if until > now:
                    self._until[name] = until
            self._written_anew()

    def knows(self, key: str, client: str) -> bool:
        """Return whether this client has a session that has not expired."""
        return self._until.get(_name(key, client), 0) > time.time()

    def remember(self, key: str, client: str, seconds: int) -> None:
        """Keep a client's session for so long from now; 0 forgets it."""
        name, until = _name(key, client), int(time.time()) + seconds if seconds else 0
        old = self._until.pop(name, 0)
        if until:
            self._until[name] = until
        if len(self._until) > _MOST:
            self._until = dict(list(self._until.items())[_MOST // 10 :])
            self._written_anew()
        # A line for each connection would grow for ever: a session that is nearly as long already has one.
        elif self._path is not None and not (until and 0 <= until - old < seconds // 10):
            with self._path.open("ab") as file:
                file.write(_LINE.pack(name, until))

    def _written_anew(self) -> None:
        if self._path is not None:
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(b"".join(_LINE.pack(*line) for line in self._until.items()))
            fresh.replace(self._path)


def _name(key: str, client: str) -> bytes:
    return blake2b(f"{key}\0{client}".encode(), digest_size=16).digest()
