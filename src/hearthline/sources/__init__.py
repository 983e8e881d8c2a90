"""The sources: one platform, one module, discovered by its file.

A source module says in module constants what it is (`PLATFORM`, `TITLE`, `LAYER`, `TRANSPORTS`,
`PROOF`, `STATE`, `TELLS`, `DOCS`) and offers two functions:

* `recognises(payload) -> bool`: whether a decoded JSON object has this platform's shape. Strict
  enough that no two sources claim the same payload (a law tests this).
* `read(payload, received) -> Iterator[Event]`: the events in it. A payload that is no event (a
  handshake, a query) raises `BadPayload` with the reason `not-an-event`; one that is broken raises
  `BadPayload` with another reason. It never raises anything else, whatever the payload holds.

A source knows nothing of the store, of identity, or of other sources. Ids, times and identifiers come
from documented fields; what the payload cannot tell stays unknown.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, Literal, Protocol, cast

from hearthline.schema.errors import UnknownName
from hearthline.schema.event import Event

__all__ = ["Payload", "Source", "load", "names", "recognise"]

Payload = Mapping[str, Any]
Answer = Literal["yes", "no", "sometimes"]


class Source(Protocol):
    """What every module in this folder offers."""

    PLATFORM: str
    TITLE: str
    LAYER: Literal["device", "platform", "commerce", "media"]
    TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...]
    PROOF: str
    STATE: str
    TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer]
    DOCS: str

    def recognises(self, payload: Payload) -> bool:
        """Return whether the payload has this platform's shape."""
        ...

    def read(self, payload: Payload, received: datetime) -> Iterator[Event]:
        """Yield the events in the payload; raise `BadPayload` where there are none."""
        ...


@cache
def names() -> tuple[str, ...]:
    """Return the names of all sources, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


@cache
def load(name: str) -> Source:
    """Return the source of that name.

    Raises:
        UnknownName: there is no such source; the message lists those that there are.
    """
    if name not in names():
        raise UnknownName(f"sources: no source named {name!r}; choose one of {', '.join(names())}")
    return cast("Source", import_module(f"{__name__}.{name}"))


def recognise(payload: Payload) -> str | None:
    """Return the name of the source whose shape this payload has, or None."""
    return next((name for name in names() if load(name).recognises(payload)), None)
