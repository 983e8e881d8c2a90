"""The sources: one platform, one module, discovered by its file.

A source module says in module constants what it is (`PLATFORM`, `TITLE`, `LAYER`, `TRANSPORTS`,
`PROOF`, `STATE`, `TELLS`, `DOCS`) and offers two functions:

* `recognises(payload) -> bool`: whether a decoded JSON object has this platform's shape. Strict
  enough that no two sources claim the same payload (a law tests this).
* `read(payload, received) -> Iterator[Event]`: the events in it. A payload that is no event (a
  handshake, a query) raises `BadPayload` with the reason `not-an-event`; one that is broken raises
  `BadPayload` with another reason. It never raises anything else, whatever the payload holds.

Where some items of a batch can be read and some not, `read` yields all that can and raises for the first
that cannot after the last one; `read_all` returns both. So nothing is lost and nothing is hidden.

Both take the body as the platform sends it, or a request as it was recorded: `{"headers": ..., "body": ...}`.
A source knows nothing of the store, of identity, or of other sources. Ids, times and identifiers come
from documented fields; what the payload cannot tell stays unknown. The readers of untyped JSON that members
share are offered here too; they are written in `_reading`.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Literal, Protocol, cast

from hearthline.schema.errors import BadPayload, UnknownName
from hearthline.schema.event import Event
from hearthline.sources._reading import (
    Payload,
    Planted,
    address_hint,
    content_id,
    currency,
    each,
    embedded,
    identified,
    instant,
    mapping,
    mappings,
    money,
    not_an_event,
    number,
    opened,
    part_id,
    planted,
    text,
    unreadable,
    whole,
    within,
    word,
)

__all__ = [
    "Answer",
    "Payload",
    "Planted",
    "Source",
    "address_hint",
    "content_id",
    "currency",
    "each",
    "embedded",
    "identified",
    "instant",
    "load",
    "mapping",
    "mappings",
    "money",
    "names",
    "not_an_event",
    "number",
    "opened",
    "part_id",
    "planted",
    "read_all",
    "recognise",
    "text",
    "unreadable",
    "whole",
    "within",
    "word",
]

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


def read_all(name: str, payload: Payload, received: datetime) -> tuple[list[Event], BadPayload | None]:
    """Return every event of the payload, and the refusal of what could not be read, if any."""
    events: list[Event] = []
    try:
        events.extend(load(name).read(payload, received))
    except BadPayload as refusal:
        return events, refusal
    return events, None
