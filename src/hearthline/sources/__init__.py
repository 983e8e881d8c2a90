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

A source whose platform reports aggregates (skill metrics, Subscribe & Save totals) offers beside `read`:

* `metrics(payload, received) -> Iterator[Metric]`: the aggregates in it; none where it holds something else.
  `read` refuses such a payload as `not-an-event`, and `taken` drops that refusal because nothing is lost:
  whoever stores what came calls `taken`, which gives events, metrics and the refusal of one payload.

A source that is sent to us live offers what its platform needs of these, too (see `_door`):

* `verify(sent, account) -> Proof | None`: checks the platform's signature over the raw body; raises
  `Unproven`. None says that this request is of a kind that its platform does not sign (an SDK's call): then,
  as for a source without `verify`, it is let in by one of Hearthline's own write keys.
* `reply(sent, account) -> Reply | None`: the answer to a handshake, asked after `verify`; None for the rest.
* `payloads(sent) -> Iterator[Payload]`: how a body is cut into payloads where it is no JSON object or list.
* `HEADERS`: names of headers (lower case) that `read` needs. No others are kept.
* `CLIENT_PATHS`: paths that the platform's own clients post to when only their host is set, as `/v1/batch`.

A source whose files hold millions of lines may offer

* `read_line(line, received) -> Event | None`: the one event of a line, at once; None where it must be decoded
  and read the usual way. What it gives is what `read` gives of the same line.

`read` takes the body as the platform sends it, or a request as it was recorded:
`{"headers": ..., "body": ...}`. A source knows nothing of the store, of identity, or of other sources. Ids,
times and identifiers come from documented fields; what the payload cannot tell stays unknown. The readers of
untyped JSON that members share are offered here too; they are written in `_reading`.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Literal, NamedTuple, Protocol, cast

from hearthline.schema.errors import BadPayload, UnknownName
from hearthline.schema.event import Event
from hearthline.schema.records import Metric
from hearthline.sources._channels import AWARENESS, named, slug, touch_of
from hearthline.sources._clocks import clocks_of, offset_of
from hearthline.sources._door import (
    Account,
    Proof,
    Reply,
    Sent,
    fresh,
    json_payloads,
    key_id,
    no_fetch,
    one_secret,
    signed_by,
)
from hearthline.sources._exposures import exposure_event, player_event
from hearthline.sources._intents import Standing, asked, standing
from hearthline.sources._measuring import flat, measured, spelled, unwrapped
from hearthline.sources._own import LAYERS, OWN_TYPE, flat_event, own_event, own_line, sent_events
from hearthline.sources._pixels import pixel_payloads, pixel_proof, signed_claims, told_by
from hearthline.sources._reading import (
    Payload,
    Planted,
    address_hint,
    content_id,
    currency,
    each,
    embedded,
    enveloped,
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
from hearthline.sources._segment_wire import (
    CALL_PATHS,
    Wire,
    is_call,
    read_calls,
    sent_calls,
    spoken_by_rudder,
)
from hearthline.sources._shopping import Meaning, meaning_of
from hearthline.sources._tokens import Issuer, bearer, carried_secret, rsa_fits, token_claims
from hearthline.sources._visits import Bought, Visit, bought, consented, device_kind, visited

__all__ = [
    "AWARENESS",
    "CALL_PATHS",
    "LAYERS",
    "OWN_TYPE",
    "Account",
    "Answer",
    "Bought",
    "Issuer",
    "Meaning",
    "Payload",
    "Planted",
    "Proof",
    "Reply",
    "Sent",
    "Source",
    "Standing",
    "Taken",
    "Visit",
    "Wire",
    "address_hint",
    "asked",
    "bearer",
    "bought",
    "carried_secret",
    "client_paths",
    "clocks_of",
    "consented",
    "content_id",
    "currency",
    "device_kind",
    "each",
    "embedded",
    "enveloped",
    "exposure_event",
    "flat",
    "flat_event",
    "fresh",
    "identified",
    "instant",
    "is_call",
    "json_payloads",
    "key_id",
    "load",
    "mapping",
    "mappings",
    "meaning_of",
    "measured",
    "money",
    "named",
    "names",
    "no_fetch",
    "not_an_event",
    "number",
    "offset_of",
    "one_secret",
    "opened",
    "own_event",
    "own_line",
    "part_id",
    "payloads_of",
    "pixel_payloads",
    "pixel_proof",
    "planted",
    "player_event",
    "proven",
    "read_all",
    "read_calls",
    "read_line",
    "recognise",
    "replied",
    "rsa_fits",
    "sent_calls",
    "sent_events",
    "signed_by",
    "signed_claims",
    "slug",
    "spelled",
    "spoken_by_rudder",
    "standing",
    "taken",
    "text",
    "token_claims",
    "told_by",
    "touch_of",
    "unreadable",
    "unwrapped",
    "visited",
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


def proven(name: str, sent: Sent, account: Account) -> Proof | None:
    """Return how the sender proved itself to that source; None where a write key has to let it in.

    Raises:
        Unproven: it did not.
    """
    verify = getattr(load(name), "verify", None)
    return None if verify is None else cast("Proof | None", verify(sent, account))


def replied(name: str, sent: Sent, account: Account) -> Reply | None:
    """Return the answer to a question of the platform, or None where the request holds payloads."""
    reply = getattr(load(name), "reply", None)
    return None if reply is None else cast("Reply | None", reply(sent, account))


def payloads_of(name: str, sent: Sent) -> Iterator[Payload]:
    """Yield the payloads of a request to that source.

    Raises:
        BadPayload: the body cannot be cut into payloads; those before the place were yielded.
    """
    source = load(name)
    cut = getattr(source, "payloads", None)
    return json_payloads(sent, name, getattr(source, "HEADERS", ())) if cut is None else cut(sent)


@cache
def client_paths() -> Mapping[str, tuple[str, ...]]:
    """Return the paths that platforms' own clients post to, each with the sources it may be meant for."""
    paths: dict[str, tuple[str, ...]] = {}
    for name in names():
        for path in getattr(load(name), "CLIENT_PATHS", ()):
            paths[path] = (*paths.get(path, ()), name)
    return paths


def read_all(
    name: str, payload: Payload | list[Payload], received: datetime
) -> tuple[list[Event], BadPayload | None]:
    """Return every event of a payload, or of a list of them, and the first refusal, if any."""
    events: list[Event] = []
    if isinstance(payload, list) and payload:
        parts = [read_all(name, part if isinstance(part, dict) else {}, received) for part in payload]
        return [e for found, _ in parts for e in found], next((r for _, r in parts if r is not None), None)
    try:
        events.extend(load(name).read(cast("Payload", payload), received))
    except BadPayload as refusal:
        return events, refusal
    return events, None


def read_line(name: str, line: bytes, received: datetime) -> Event | None:
    """Return the one event of a line where the source can tell it at once, else None: `taken` can."""
    at_once = getattr(load(name), "read_line", None)
    return None if at_once is None else cast("Event | None", at_once(line, received))


class Taken(NamedTuple):
    """What one payload gave: events, metrics, and the refusal of what could not be read."""

    events: list[Event]
    metrics: list[Metric]
    refusal: BadPayload | None


def taken(name: str, payload: Payload, received: datetime) -> Taken:
    """Return everything that the payload gave, its aggregates too.

    >>> from datetime import UTC
    >>> sent = {"metric": "uniqueCustomers", "timestamps": ["2026-03-01T00:00:00Z"], "values": [7]}
    >>> found = taken("alexa_skill_metrics", sent, datetime(2026, 3, 2, tzinfo=UTC))
    >>> len(found.events), found.metrics[0].value, found.refusal
    (0, 7.0, None)
    """
    events, refusal = read_all(name, payload, received)
    aggregates = getattr(load(name), "metrics", None)
    if aggregates is None:
        return Taken(events, [], refusal)
    found: list[Metric] = []
    try:
        found.extend(aggregates(payload, received))
    except BadPayload as error:
        refusal = refusal if refusal is not None and refusal.reason != "not-an-event" else error
    else:
        if found and refusal is not None and refusal.reason == "not-an-event":
            refusal = None
    return Taken(events, found, refusal)
