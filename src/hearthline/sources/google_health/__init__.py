"""Google Health (successor of the Fitbit Web API): notes that a person's health data changed, without values.

A note names the person's Google Health id, the type of data and the time that it is about. It is ambient
and never a touch; what it may be used for is not in it, so consent stays unknown.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Device, Event, Raw, Signal
from hearthline.sources import (
    Account,
    Payload,
    Reply,
    Sent,
    content_id,
    each,
    embedded,
    identified,
    instant,
    mapping,
    mappings,
    not_an_event,
    opened,
    text,
    unreadable,
)
from hearthline.sources.google_health.proof import verify

__all__ = ["read", "recognises", "reply", "verify"]

PLATFORM = "google_health"
TITLE = "Google Health (Fitbit, Pixel Watch)"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "X-HEALTHAPI-SIGNATURE (ECDSA P-256, Google's published keys) and your own Authorization"
STATE = "live; took the place of the Fitbit Web API on 2 November 2026"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "yes",
    "household": "no",
    "initiator": "no",
    "price": "no",
}
DOCS = "https://developers.google.com/health/webhooks"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_HOURS_OF_ZONES = timedelta(hours=14)


def recognises(payload: Payload) -> bool:
    """Return whether this is a note of changed health data, or the handshake.

    >>> recognises({"data": {"healthUserId": "1", "operation": "UPSERT", "dataType": "steps"}})
    True
    """
    body, _ = opened(payload)
    return _is_handshake(body) or any(_is_note(note) for note in _notes(body))


def _is_handshake(body: dict[str, Any]) -> bool:
    return body.get("type") == "verification" and set(body) <= {"type"}


def _notes(body: dict[str, Any]) -> list[dict[str, Any]]:
    return mappings(body.get("data")) or [mapping(body.get("data")) or body]


def _is_note(note: dict[str, Any]) -> bool:
    return "healthUserId" in note and ("dataType" in note or "operation" in note)


def reply(sent: Sent, account: Account) -> Reply | None:  # noqa: ARG001 - the room's protocol
    """Return the answer to the handshake, whose Authorization was checked before; None for a note."""
    return Reply(status=201) if _is_handshake(embedded(sent.body.decode("utf-8", "replace"))) else None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a note and interval.

    Raises:
        BadPayload: the handshake, or no person or type of data in it.
    """
    body, _ = opened(payload)
    if _is_handshake(body):
        raise not_an_event(f"{PLATFORM}.verification", "a handshake")
    yield from each(_notes(body), lambda note: _events(note, received))


class _Span(NamedTuple):
    """The time that a note is about; `end` is the event's time."""

    start: datetime | None = None
    end: datetime | None = None
    offset_min: int | None = None
    is_vague: bool = False


def _events(note: dict[str, Any], received: datetime) -> Iterator[Event]:
    if not _is_note(note) or text(note.get("healthUserId")) is None:
        raise unreadable(PLATFORM, "no 'healthUserId' with a 'dataType'", note, "send the note whole")
    spans = [_span(interval) for interval in mappings(note.get("intervals"))] or [_Span()]
    for index, span in enumerate(spans):
        yield _event(note, index, span, received)


def _span(interval: dict[str, Any]) -> _Span:
    physical, civil = (
        mapping(interval.get("physicalTimeInterval")),
        mapping(interval.get("civilIso8601TimeInterval")),
    )
    start, end = instant(physical.get("startTime")), instant(physical.get("endTime"))
    here = instant(civil.get("endTime"))
    if end is None and start is None:
        # A civil time says the hour on the wall, in a zone that nobody names.
        return _Span(instant(civil.get("startTime")), here, is_vague=True)
    offset = None if end is None or here is None else round((here - end) / timedelta(minutes=1))
    return _Span(start, end or start, offset if offset is not None and abs(offset) <= 14 * 60 else None)


def _operation(note: dict[str, Any]) -> str | None:
    told = text(note.get("operation"))
    return told.upper() if told else None


def _event(note: dict[str, Any], index: int, span: _Span, received: datetime) -> Event:
    person, kind = text(note.get("healthUserId")) or "", text(note.get("dataType"))
    width = (span.end - span.start if span.end and span.start else timedelta()) + (
        _HOURS_OF_ZONES if span.is_vague else timedelta()
    )
    return Event(
        id=content_id(PLATFORM, note, index),
        id_origin="derived",
        source="//google_health/-/notes",
        type=f"device.health.{'deleted' if _operation(note) == 'DELETE' else 'updated'}",
        subject=kind,
        time=span.end or received,
        time_quality="interval" if span.end else "received",
        time_uncertainty_ms=max(width // timedelta(milliseconds=1), 0) if span.end else None,
        time_received=received,
        tz_offset_min=span.offset_min,
        layer="device",
        modality="ambient",
        identifiers=identified("google_health.user", person),
        device=Device(kind="wearable"),
        signal=Signal(
            capability=kind,
            attribute="data",
            instance=text(note.get("clientProvidedSubscriptionName")),
            value=_operation(note),
            state_change=True,
        ),
        raw=_RAW,
    )
