"""Snowplow: tracker protocol (`tp2` posts, the `/i` pixel) and enriched events as its SDKs give them.

A tracker's post is `{"schema": "iglu:...payload_data...", "data": [...]}`, one object of short keys an
event. Entities come beside it as self-describing JSON, plain (`co`, `ue_pr`) or base64 (`cx`, `ue_px`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import Correlation, Event, Raw
from hearthline.sources import (
    Answer,
    Payload,
    Sent,
    Visit,
    bought,
    content_id,
    each,
    json_payloads,
    mapping,
    mappings,
    not_an_event,
    offset_of,
    opened,
    text,
    unreadable,
    visited,
)
from hearthline.sources.snowplow.tracked import Tracked
from hearthline.sources.snowplow.vocabulary import KINDS, STRUCTURED, UNSTRUCTURED

__all__ = ["payloads", "read", "recognises"]

PLATFORM = "snowplow"
TITLE = "Snowplow"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file"], ...] = ("webhook", "stream", "file")
PROOF = "none: trackers post openly; give them a path or host of their own"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://docs.snowplow.io/docs/sources/trackers/snowplow-tracker-protocol/"
CLIENT_PATHS = ("/com.snowplowanalytics.snowplow/tp2", "/com.snowplowanalytics.snowplow/tp1", "/i")
HEADERS = ("user-agent",)

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")


def recognises(payload: Payload) -> bool:
    """Return whether this is a tracker's post, one event of it, an enriched event or an entity.

    >>> recognises({"e": "pv", "p": "web", "tv": "js-3.0"}), recognises({"e": "pv"})
    (True, False)
    """
    body, _ = opened(payload)
    schema = body.get("schema")
    if isinstance(schema, str) and schema.startswith("iglu:"):
        return "data" in body
    return _is_tracked(body) or _is_enriched(body)


def _is_tracked(item: dict[str, Any]) -> bool:
    known = text(item.get("e")) in (*KINDS, *STRUCTURED, *UNSTRUCTURED)
    return known and ("tv" in item or ("p" in item and not item.keys().isdisjoint(("eid", "dtm", "aid"))))


def _is_enriched(item: dict[str, Any]) -> bool:
    return "collector_tstamp" in item and "event_id" in item


def payloads(sent: Sent) -> Iterator[Payload]:
    """Yield the post, or the pixel's query as a post of one event.

    Raises:
        BadPayload: the body is not JSON, or no object.
    """
    if sent.method.upper() != "GET":
        return json_payloads(sent, PLATFORM, HEADERS)
    kept = {name: sent.headers[name] for name in HEADERS if name in sent.headers}
    return iter([{"headers": kept, "body": dict(sent.query)}])


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event an event of the tracker's.

    Raises:
        BadPayload: an entity without an event; no event of the protocol.
    """
    body, headers = opened(payload)
    schema = text(body.get("schema")) or ""
    if ".badrows/" in schema:
        raise not_an_event(f"{PLATFORM}.badrows", "a failed event", "mend its tracker or its schema")
    if schema.startswith("iglu:") and "payload_data" not in schema:
        yield _alone(body, received)
        return
    items = mappings(body.get("data")) if schema.startswith("iglu:") else [body]
    if not items:
        raise unreadable(f"{PLATFORM}.data", "no events in it", body, "send events in 'data'")
    agent = headers.get("user-agent")
    yield from each(items, lambda item: (_event(item, agent, received),))


def _alone(body: dict[str, Any], received: datetime) -> Event:
    """Return the event that a self-describing event is without its envelope; it names nobody and no time."""
    inside = mapping(body.get("data"))
    if "schema" not in inside:
        what = "entities describe an event that is not here"
        raise not_an_event(PLATFORM, what, "send the event that they came with")
    return _event({"e": "ue", "ue_pr": body}, None, received)


def _event(item: dict[str, Any], agent: str | None, received: datetime) -> Event:
    if text(item.get("e")) is None and text(item.get("event")) is None:
        raise unreadable(PLATFORM, "no 'e' or 'event'", item, "send the tracker's event whole")
    known = Tracked(item, agent)
    meaning = known.meaning()
    time, quality, sent = known.clocks(received)
    native = known.get("eid")
    return visited(
        Visit(meaning, known.touch(meaning), "e" if "e" in item else "event"),
        id=native or content_id(PLATFORM, item),
        id_origin="native" if native else "derived",
        source=f"//snowplow/{(known.get('aid') or '-').replace('/', '_')}/{known.get('p') or '-'}",
        time=time,
        time_quality=quality,
        time_sent=sent,
        time_received=received,
        tz_offset_min=offset_of(None, known.get("tz"), time),
        identifiers=known.people(),
        household_hints=known.homes(),
        device=known.device(),
        correlation=Correlation(session=known.session()),
        intent=known.intent(meaning),
        commerce=bought(meaning, known.bought(meaning)),
        consent=known.consent(),
        raw=_RAW,
    )
