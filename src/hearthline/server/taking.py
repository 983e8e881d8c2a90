"""From what a platform sent to the frame of the log: decoded, read, admitted; every event in it or a reject.

Both write doors use it, HTTP and MQTT. Nothing here waits, writes or knows a protocol.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

import msgspec

from hearthline import sources
from hearthline.privacy import Keys, admitted_frame
from hearthline.schema.cycles import uncollected
from hearthline.schema.errors import BadPayload
from hearthline.schema.event import Auth, Event, Raw
from hearthline.schema.records import Metric, RawPayload, Reject
from hearthline.server.strict import strictly
from hearthline.sources import Payload, Proof, Sent

__all__ = ["UNKNOWN", "Taken", "refused", "taken"]

UNKNOWN = "unknown"
"""The source's name in rejects that no source knows."""
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one request became: the frame to keep, what is in it, how many were refused and why.

    `accepted` counts events, and the metrics of platforms that report such.

    `malformed` says that nothing of it could even be decoded: the sender is to be told so.
    """

    body: bytes
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    malformed: bool = False


class _Read(NamedTuple):
    """What was read so far, and how its sender proved itself.

    `origins` are the payloads of `events`, one an event; `values`: payloads by their hash.
    """

    auth: Auth
    events: list[Event]
    origins: list[Raw]
    raw: list[RawPayload]
    rejects: list[Reject]
    metrics: list[Metric]
    values: dict[str, Payload]

    @property
    def accepted(self) -> int:
        """How many events and metrics there are."""
        return len(self.events) + len(self.metrics)


def taken(platform: str | None, sent: Sent, proof: Proof, key: Keys, *, most_items: int = 1000) -> Taken:
    """Return the frame of what was sent, personal identifiers hashed: it may be appended as it is.

    Args:
        platform: the source's name; None asks every source whether it knows the shape.
        sent: the request or message; its sender has proved itself.
        proof: how it did so.
        key: the home's key, or its ring of keys.
        most_items: a batch with more items is refused whole, with the reason `too-large`.
    """
    place = platform or UNKNOWN
    auth = Auth(scheme=proof.scheme, verified=proof.scheme != "none", key_id=proof.key_id)
    read = _Read(auth, [], [], [], [], [], {})
    malformed = False
    with uncollected():
        try:
            for payload, text in _payloads(platform, sent, most_items, read):
                _read_payload(platform, payload, text, sent, read)
        except BadPayload as refusal:
            # a body that cannot be cut further; what was read before that place stays
            read.rejects.append(_reject(place, refusal, sent.body, sent))
            malformed = not read.accepted and refusal.reason in ("not-json", "too-large", "bad-value")
        return _taken(read, sent, key, malformed=malformed)


def refused(platform: str | None, sent: Sent, refusal: BadPayload, key: Keys) -> Taken:
    """Return the frame of a request that is refused whole, kept with its first 64 KB.

    >>> from datetime import UTC, datetime
    >>> sent = Sent(body=b"x" * 100, received=datetime(2026, 3, 1, tzinfo=UTC))
    >>> found = refused("segment", sent, BadPayload("segment", "too long", "cut it", "too-large"), b"k" * 32)
    >>> found.rejected, found.reasons
    (1, {'too-large': 1})
    """
    reject = _reject(platform or UNKNOWN, refusal, sent.body, sent)
    return _taken(_Read(Auth(), [], [], [], [reject], [], {}), sent, key, malformed=True)


def _taken(read: _Read, sent: Sent, key: Keys, *, malformed: bool) -> Taken:
    reasons: dict[str, int] = {}
    for reject in read.rejects:
        reasons[reject.reason] = reasons.get(reject.reason, 0) + 1
    body = admitted_frame(
        read.events,
        read.raw,
        read.rejects,
        key,
        sent.received,
        metrics=read.metrics,
        values=read.values,
        instead={"raw": read.origins, "auth": [read.auth] * len(read.events)},
    )
    return Taken(body, read.accepted, len(read.rejects), reasons, malformed)


def _payloads(
    platform: str | None, sent: Sent, most_items: int, read: _Read
) -> Iterator[tuple[Payload, bytes]]:
    """Yield each payload with its JSON text; items that may not pass become rejects of `read`.

    Raises:
        BadPayload: the body, or the rest of it, cannot be cut into payloads.
    """
    place = platform or UNKNOWN
    own, plain = _cut(platform)
    whole: object = None
    if not own or sent.body[:1] in (b"{", b"["):
        strict = strictly(sent.body, place)
        if strict.items > most_items:
            wrong = f"{strict.items} items in one batch; at most {most_items}"
            raise BadPayload(place, wrong, "send smaller batches", "too-large")
        read.rejects.extend(_reject(place, refusal, sent.body, sent) for refusal in strict.refused)
        whole = strict.value
        if plain and isinstance(whole, dict):
            yield whole, strict.text
            return
        sent = msgspec.structs.replace(sent, body=strict.text, decoded=whole)
    found = sources.payloads_of(platform, sent) if platform else sources.json_payloads(sent, place)
    for payload in found:
        yield payload, sent.body if payload is whole else _text_of(payload, place)


def _cut(platform: str | None) -> tuple[bool, bool]:
    """Return whether a source cuts bodies by itself, and whether an object is a payload as it stands."""
    source = sources.load(platform) if platform else None
    own = hasattr(source, "payloads")
    return own, not own and not getattr(source, "HEADERS", ())


def _text_of(payload: Payload, place: str) -> bytes:
    """Return a payload that a source cut as strict JSON text."""
    try:
        text = msgspec.json.encode(payload)
    except (ValueError, TypeError, RecursionError):
        wrong = "a value that JSON cannot hold; got a lone surrogate or a number out of range"
        raise BadPayload(place, wrong, "send text in UTF-8", "bad-value") from None
    if b"\\u0000" in text:
        strictly(text, place)
    return text


def _read_payload(platform: str | None, payload: Payload, text: bytes, sent: Sent, read: _Read) -> None:
    name = platform or sources.recognise(payload)
    if name is None:
        keys = sorted(map(str, payload))[:8] if isinstance(payload, dict) else type(payload).__name__
        wrong = f"no source knows this shape; got the keys {keys}"
        unknown = BadPayload(UNKNOWN, wrong, "name the platform in the address", "unknown-shape")
        read.rejects.append(_reject(UNKNOWN, unknown, text, sent))
        return
    try:
        found, metrics, refusal = sources.taken(name, payload, sent.received)
    except Exception as error:  # noqa: BLE001 # a defect of a source must lose nothing: kept, to be read again
        cure = "report it; `hearthline rejects retry` reads it again after a new version"
        defect = BadPayload(name, f"a defect: {type(error).__name__}", cure, "defect")
        found, metrics, refusal = sources.Taken([], [], defect)
    if refusal is not None:
        read.rejects.append(_reject(name, refusal, text, sent))
    if found or metrics:
        digest = sha256(text).hexdigest()
        raw = Raw(media_type=_JSON, sha256=digest, reference=sent.path, adapter=name, adapter_version=1)
        read.events.extend(found)
        read.origins.extend([raw] * len(found))
        read.metrics.extend(metrics)
        read.raw.append(RawPayload(sha256=digest, media_type=_JSON, body=text))
        read.values[digest] = payload


def _reject(platform: str, refusal: BadPayload, raw: bytes, sent: Sent) -> Reject:
    return Reject(
        source=platform,
        reason=refusal.reason,
        place=f"{sent.path} {refusal.place}",
        wrong=refusal.wrong,
        cure=refusal.cure,
        raw=raw,
        received=sent.received,
    )
