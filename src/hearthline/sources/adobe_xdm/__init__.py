"""Adobe Experience Platform: ExperienceEvents in XDM, bare or in the streaming API's wrapper.

The wrapper is `{"header": ..., "body": {"xdmEntity": ...}}`, many of them lie in `messages`. Field names
come as the platform streams them (`timestamp`) or as the schema's own samples spell them
(`xdm:timestamp`, `@id`): the prefix is taken off first. What made an event comes from `eventType`, else
from the measures that are set (`commerce.purchases.value`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from hearthline.schema.event import Automation, Correlation, Event, Raw
from hearthline.sources import (
    Answer,
    Meaning,
    Payload,
    Visit,
    bought,
    content_id,
    each,
    instant,
    mapping,
    mappings,
    not_an_event,
    opened,
    part_id,
    planted,
    text,
    unreadable,
    visited,
    within,
)
from hearthline.sources.adobe_xdm.meanings import meaning_of_event
from hearthline.sources.adobe_xdm.parts import (
    bought_in,
    consent_in,
    device_in,
    exposure_in,
    hints_in,
    identifiers_in,
    initiator_in,
    plain,
    refunds_in,
    touch_in,
)

__all__ = ["read", "recognises"]

PLATFORM = "adobe_xdm"
TITLE = "Adobe Experience Platform"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "file"], ...] = ("webhook", "file")
PROOF = "none or a bearer token, as its streaming connection is set; x-gw-ims-org-id names the organisation"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://experienceleague.adobe.com/en/docs/experience-platform/xdm/classes/experienceevent"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
# Field groups of an ExperienceEvent; bare entities have at least one beside their id and time.
_GROUPS = frozenset(
    [
        "identityMap",
        "eventType",
        "productListItems",
        "commerce",
        "web",
        "environment",
        "endUserIDs",
        "advertising",
        "channel",
        "device",
        "placeContext",
        "producedBy",
        "_experience",
        "marketing",
        "directMarketing",
        "media",
        "pushNotificationTracking",
        "application",
        "eventMergeId",
        "implementationDetails",
        "dataSource",
    ]
)


def recognises(payload: Payload) -> bool:
    """Return whether this is XDM: wrapped, prefixed, or a bare ExperienceEvent.

    >>> recognises({"header": {}, "body": {"xdmEntity": {"_id": "1"}}}), recognises({"xdm:timestamp": "x"})
    (True, True)
    """
    body = mapping(payload)
    if mappings(body.get("messages")):
        return any("xdmEntity" in mapping(m.get("body")) for m in mappings(body["messages"]))
    if "xdmEntity" in mapping(body.get("body")) or "xdmEntity" in body:
        return True
    body, _ = opened(payload)
    if _of_the_edge(body):
        return True
    if "xdmEntity" in mapping(body.get("body")) or any(key.startswith("xdm:") for key in body):
        return True
    named = "_id" in body or "@id" in body
    return named and "timestamp" in body and not _GROUPS.isdisjoint(body)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event an entity, of a credit memo one for each of its refunds.

    Raises:
        BadPayload: a part of an event without its id and time; a record that names nobody; no XDM.
    """
    if not recognises(payload):
        raise unreadable(PLATFORM, "no 'xdmEntity' and no ExperienceEvent", mapping(payload), "send it whole")
    yield from each(list(_entities(payload)), lambda item: _events(item, received))


def _entities(payload: Payload) -> Iterator[dict[str, Any]]:
    """Yield each entity, prefixes taken off, with its organisation beside it."""
    body = mapping(payload)
    if "xdmEntity" not in mapping(body.get("body")) and "messages" not in body:
        body, _ = opened(payload)
    for message in mappings(body.get("messages")) or _of_the_edge(body) or [body]:
        wrapped = mapping(message.get("body"))
        entity = mapping(wrapped.get("xdmEntity")) or mapping(message.get("xdmEntity")) or message
        yield {"entity": plain(entity), "header": mapping(message.get("header"))}


def _of_the_edge(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entities of a request to the Edge Network: `event`, `events`, or `xdm` alone."""
    items = mappings(body.get("events")) or [mapping(body.get("event")) or body]
    found = [mapping(item.get("xdm")) for item in items]
    return [entity for entity in found if "timestamp" in entity or not _GROUPS.isdisjoint(entity)]


def _events(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield the event; of listed refunds one each, so that a later list that has it again only repeats it."""
    event = _event(item, received)
    refunds = refunds_in(item["entity"], event.commerce) if event.commerce.action == "refunded" else []
    if not refunds:
        yield event
    for index, (transaction, block) in enumerate(refunds):
        known = transaction is not None and block.refund_of is not None
        own = f"refund/{block.refund_of}/{transaction}" if known else part_id(event.id, index)
        yield msgspec.structs.replace(event, id=own, commerce=block)


def _event(item: dict[str, Any], received: datetime) -> Event:
    entity, header = item["entity"], item["header"]
    native, time = text(entity.get("_id")), instant(entity.get("timestamp"))
    identifiers = identifiers_in(entity)
    if native is None and time is None and "eventType" not in entity and not header:
        what = "a part of an ExperienceEvent without its _id and timestamp"
        raise not_an_event(PLATFORM, what, "send the event that it belongs to")
    if time is None and "eventType" not in entity and not identifiers:
        raise not_an_event(f"{PLATFORM}.record", "a record that names nobody", "send its identityMap")
    found = planted({k: text(v) for k, v in mapping(entity.get("_hearthline")).items()})
    meaning, evidence = (
        meaning_of_event(entity) if time or "eventType" in entity else (_RECORD, "identityMap")
    )
    created = instant(header.get("createdAt"))
    return visited(
        Visit(meaning, touch_in(entity, meaning), evidence, found.automation or Automation()),
        id=native or content_id(PLATFORM, entity),
        id_origin="native" if native else "derived",
        source=f"//adobe_xdm/{_part(header.get('imsOrgId'))}/{_part(header.get('datasetId'))}",
        time=time or created or received,
        time_quality="platform" if time or created else "received",
        time_received=received,
        tz_offset_min=_offset(within(entity, "placeContext", "localTime")),
        identifiers=identifiers + found.identifiers,
        household_hints=hints_in(entity) + found.hints,
        initiator=initiator_in(entity),
        device=device_in(entity),
        correlation=Correlation(session=text(within(entity, "media", "mediaTimed", "mediaSessionID"))),
        exposure=exposure_in(entity, meaning),
        commerce=bought(meaning, bought_in(entity, meaning)),
        consent=consent_in(entity),
        raw=_RAW,
    )


_RECORD = Meaning("platform.user.identified")


def _part(value: object) -> str:
    return (text(value) or "-").replace("/", "_")


def _offset(local: object) -> int | None:
    """Return the offset in minutes that a local time is written with."""
    if not isinstance(local, str) or len(local) < 20 or local[-6] not in "+-":
        return None
    hours, minutes = local[-5:-3], local[-2:]
    if not (hours.isdecimal() and minutes.isdecimal() and int(hours) <= 14):
        return None
    return (int(hours) * 60 + int(minutes)) * (-1 if local[-6] == "-" else 1)
