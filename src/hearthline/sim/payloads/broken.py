"""Lines that no platform should send and every platform sends: cut, empty, without id, time or name."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from hearthline.sim.draws import generator

__all__ = ["KINDS", "break_some"]

_EACH: Final = 6


def _cut(line: bytes) -> bytes:
    return line[: len(line) // 2]


def _emptied(_: bytes) -> bytes:
    return b"{}"


def _listed(_: bytes) -> bytes:
    return b"[1, 2, 3]"


def _garbled(_: bytes) -> bytes:
    return b'{"hello": "from a test", "n": NaN}'


def _not_utf8(line: bytes) -> bytes:
    return line[:1] + b'"note": "caf\xe9", ' + line[1:]


def _stranger(_: bytes) -> bytes:
    return b'{"kind": "weather", "wind": 7}'


def _handshake(_: bytes) -> bytes:
    return b'{"lifecycle": "PING", "executionId": "1", "pingData": {"challenge": "1"}}'


def _mistyped(line: bytes) -> bytes:
    """Return the payload with an empty list where every value stood."""
    payload: dict[str, Any] = msgspec.json.decode(line)
    return msgspec.json.encode({key: [] for key in payload})


def _nameless(line: bytes) -> bytes:
    """Return the payload without the names and ids that say what it is."""
    payload: dict[str, Any] = msgspec.json.decode(line)
    return msgspec.json.encode({k: v for k, v in payload.items() if k not in _NAMES})


_NAMES: Final = frozenset(
    (*("type", "event", "id", "admin_graphql_api_id"), *("notificationInfo", "request", "data", "eventData"))
)

KINDS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    *(_cut, _emptied, _listed, _garbled, _not_utf8, _stranger, _handshake, _mistyped, _nameless),
)


def break_some(lines: dict[str, list[bytes]], seed: int) -> None:
    """Put about forty broken lines among the good ones, in place; nothing good is lost."""
    random = generator(seed, "broken")
    for name, told in lines.items():
        sound = tuple(told)
        for i in range(_EACH):
            kind = KINDS[(i + len(name)) % len(KINDS)]
            place, model = random.integers(0, len(sound) + 1, 2)
            told.insert(int(place), kind(sound[model] if model < len(sound) else b"{}"))
