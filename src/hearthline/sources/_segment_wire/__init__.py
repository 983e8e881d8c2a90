"""The wire that Segment and RudderStack speak: track, identify, page, screen, group, alias.

One call is one event; a `batch` is many. E-commerce names follow Segment's e-commerce spec v2. Own
properties that are read beside it: `channel` (wins over all evidence), `stage`, `modality`,
`initiator`, `device_kind`, `household`, `segment`, `automation_*`. Both platforms share the namespaces
`segment.user` and `segment.anonymous_id`: a shop that moves from one to the other, or runs both, has one
visitor, not two.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple, cast, get_args

import msgspec

from hearthline.schema.errors import BadPayload
from hearthline.schema.event import (
    Automation,
    Commerce,
    Correlation,
    Event,
    Exposure,
    Initiator,
    Intent,
    Modality,
    Product,
    Raw,
    Stage,
    Touch,
)
from hearthline.sources._channels import AWARENESS, campaign_of, touch_of
from hearthline.sources._clocks import clocks_of, offset_of
from hearthline.sources._door import Sent, json_payloads
from hearthline.sources._reading import (
    Payload,
    content_id,
    currency,
    mapping,
    mappings,
    money,
    number,
    opened,
    planted,
    text,
    unreadable,
    within,
)
from hearthline.sources._segment_wire.people import consent_of, device_of, hints_of, identifiers_of
from hearthline.sources._shopping import Action, Meaning, meaning_of
from hearthline.sources._visits import answered

__all__ = ["CALL_PATHS", "Wire", "is_call", "read_calls", "sent_calls", "spoken_by_rudder"]

_PATHS = {name: name for name in ("track", "identify", "page", "screen", "group", "alias")}
_PATHS |= {name[0]: name for name in _PATHS}  # as the browser's library shortens them
CALL_PATHS = tuple(f"/v1/{name}" for name in (*_PATHS, "batch", "b", "import"))
"""Paths that the clients of both platforms post to."""

_CALLS = {
    "track": Meaning("platform.track.unnamed"),
    "page": Meaning("platform.page.viewed", "consideration", browsing=True),
    "screen": Meaning("platform.screen.viewed", "consideration", browsing=True),
    "identify": Meaning("platform.user.identified"),
    "group": Meaning("platform.group.joined"),
    "alias": Meaning("platform.user.aliased"),
}
_OWN_KEYS = frozenset(
    ("anonymousId", "userId", "messageId", "event", "properties", "traits", "groupId", "previousId")
)
_CONSENTING = frozenset(("consent", "consentManagement", "device"))
_STAGES, _MODALITIES = frozenset(get_args(Stage)), frozenset(get_args(Modality))
_INITIATORS = frozenset(("human", "machine", "scheduled", "predicted"))
_CLIENTS = (
    "analytics.js",
    "@segment/analytics-next",
    "@segment/analytics-react-native",
    "analytics-ios",
    "analytics-android",
    "analytics-react-native",
    "analytics-swift",
    "analytics-kotlin",
    "RudderLabs",
    "@rudderstack/rudder-sdk-react-native",
    "com.rudderstack.android",
    "rudder-ios-library",
    "rudder-android-library",
)
_TOUCHING = frozenset(("track", "page", "screen"))
# What an event has where nothing is told: the very objects, which are left out where it is written.
_ABSENT: dict[str, Any] = {f.name: f.default for f in msgspec.structs.fields(Event)}
_NOBODY, _UNKNOWN = _ABSENT["automation"], _ABSENT["initiator"]
_UNTOUCHED: Touch = _ABSENT["touch"]
_VISITOR = {
    "page": Initiator(kind="human", evidence="type"),
    "screen": Initiator(kind="human", evidence="type"),
    "track": Initiator(kind="human", evidence="event"),
}
_CLIENT = Initiator(kind="human", evidence="context.library.name")
_UNTOLD, _UNSENSED, _UNPROVEN = _ABSENT["consent"], _ABSENT["signal"], _ABSENT["auth"]
_NONE: dict[str, Any] = {}
_NO_COMMERCE: Commerce = _ABSENT["commerce"]
_ALONE: Correlation = _ABSENT["correlation"]
_UNASKED, _UNEXPOSED = _ABSENT["intent"], _ABSENT["exposure"]

# Keys that are read, each by its reader: a call carries few of them, so we walk what it carries.
_ORDER: dict[str, Callable[[object], object]] = {
    "order_id": text,
    "cart_id": text,
    "checkout_id": text,
    "subscription_id": text,
    "coupon": text,
    "currency": currency,
    "total": money,
    "value": money,
    "revenue": money,
    "subtotal": money,
    "tax": money,
    "shipping": money,
    "discount": money,
}
_LINE: dict[str, Callable[[object], object]] = {
    "product_id": text,
    "sku": text,
    "name": text,
    "category": text,
    "quantity": money,
    "price": money,
}
_RENAMED = {
    "order_id": "order",
    "cart_id": "cart",
    "checkout_id": "checkout",
    "subscription_id": "subscription",
}
# How the first edition of the spec, and many shops, spell them.
_CAMEL = {
    "orderId": "order_id",
    "cartId": "cart_id",
    "checkoutId": "checkout_id",
    "subscriptionId": "subscription_id",
}
_ORDERED = frozenset((*_ORDER, *_CAMEL))
_ONCE = frozenset(("order_id", "orderId", "cart_id", "cartId", "checkout_id", "checkoutId"))
_VALUED = frozenset(("placed", "updated", "cancelled", "refunded"))
_SEARCHED = "platform.products.searched"
_OPENINGS = frozenset(("platform.application.opened", "platform.deep_link.opened"))


class Wire(NamedTuple):
    """Whose calls these are."""

    platform: str
    raw: Raw
    unnamed: str
    """The source of a call that names neither its account nor its app."""


def is_call(item: object) -> bool:
    """Return whether this is one call.

    >>> is_call({"type": "track", "event": "Product Viewed"}), is_call({"type": "track"})
    (True, False)
    """
    call = mapping(item)
    return text(call.get("type")) in _CALLS and not _OWN_KEYS.isdisjoint(call)


_RUDDERS = frozenset(("rudderId", "rudder_id", "request_ip"))


def spoken_by_rudder(calls: Sequence[object], headers: Mapping[str, str]) -> bool:
    """Return whether RudderStack made these calls: by its library, its server's fields or its user agent.

    >>> spoken_by_rudder([{"context": {"library": {"name": "RudderLabs JavaScript SDK"}}}], {})
    True
    """
    if "rudder" in headers.get("user-agent", "").lower():
        return True
    first = mapping(calls[0])
    library = within(first, "context", "library", "name")
    return not _RUDDERS.isdisjoint(first) or (isinstance(library, str) and "rudder" in library.lower())


def sent_calls(sent: Sent, place: str, kept: Sequence[str] = ()) -> Iterator[Payload]:
    """Yield the calls or batches of a request; a call without a type has that of its path, `/v1/track`.

    Raises:
        BadPayload: the body is not JSON, or an item is no object; objects before it were yielded.
    """
    kind = _PATHS.get(sent.path.rstrip("/").rpartition("/")[2])
    for payload in json_payloads(sent, place, kept):
        body = payload.get("body") if "headers" in payload else payload
        if kind is not None and isinstance(body, dict) and "type" not in body and "batch" not in body:
            typed = {**body, "type": kind}
            yield {**payload, "body": typed} if "headers" in payload else typed
        else:
            yield payload


def read_calls(wire: Wire, payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a call, in the order of the batch.

    Raises:
        BadPayload: the payload, or a call in its batch, is no call.
    """
    body, _ = opened(payload)
    if "batch" not in body:
        yield _event(wire, body, body, received)
        return
    calls = mappings(body["batch"])
    if not calls:
        raise unreadable(f"{wire.platform}.batch", "no calls in it", body, "send calls in 'batch'")
    refused: BadPayload | None = None
    for call in calls:  # `each`, without a generator a call: this is the hottest loop of all sources
        try:
            yield _event(wire, call, body, received)
        except BadPayload as refusal:
            refused = refused or refusal
    if refused is not None:
        raise refused


def _event(wire: Wire, call: dict[str, Any], batch: dict[str, Any], received: datetime) -> Event:
    kind = text(call.get("type"))
    if kind not in _CALLS or ("messageId" not in call and _OWN_KEYS.isdisjoint(call)):
        what = f"{wire.platform}.{kind}" if kind in _CALLS else wire.platform
        raise unreadable(what, "not a call", call, "send track, page, screen, identify, group or alias")
    context = mapping(call["context"]) if "context" in call else _NONE
    if not context and "context" in batch:
        context = mapping(batch["context"])
    properties = mapping(call["properties"]) if "properties" in call else _NONE
    traits = mapping(call["traits"]) if "traits" in call else _NONE
    if not traits and "traits" in context:
        traits = mapping(context["traits"])
    meaning = _meaning(wire, kind, call)
    time, quality, sent = clocks_of(call, batch, received)
    message = text(call.get("messageId"))
    automation = _NOBODY
    if meaning.role is not None or "automation_id" in properties:
        automation = _automation(wire, meaning, properties)
    initiator = _initiator(kind, meaning, context, properties, automation)
    device = device_of(context, properties)
    touch = _touch(kind, meaning, context, properties)
    consent = _UNTOLD if _CONSENTING.isdisjoint(context) else consent_of(context)
    if meaning.advertising is not None:
        consent = answered(meaning, consent)
    return Event(  # by position: the names of thirty fields cost a tenth of all reading
        message or content_id(wire.platform, call),
        _source(wire, call, batch, context),
        meaning.type,
        time,
        "media" if meaning.exposure else "platform",
        "native" if message else "derived",
        None,  # subject
        quality,
        sent,
        received,
        None,  # time_uncertainty_ms
        offset_of(call.get("timestamp"), context.get("timezone"), time),
        None,  # sequence
        _stage(meaning, properties, touch),
        _modality(properties, initiator, touch, automation),
        None,  # person_confidence
        text(traits["segment"]) if "segment" in traits else None,
        identifiers_of(call, context, traits, properties),
        hints_of(call, context, traits, properties),
        initiator,
        automation,
        _correlation(context, properties) if "sessionId" in context or "session_id" in properties else _ALONE,
        device,
        _UNSENSED,
        _intent(properties) if meaning.type == _SEARCHED else _UNASKED,
        _UNEXPOSED if meaning.exposure is None else _exposure(meaning, properties),
        touch,
        _commerce(meaning, properties),
        consent,
        _UNPROVEN,
        wire.raw,
    )


def _meaning(wire: Wire, kind: str, call: dict[str, Any]) -> Meaning:
    if kind != "track":
        return _CALLS[kind]
    name = text(call.get("event"))
    if name is None:
        raise unreadable(f"{wire.platform}.track", "no 'event'", call, "send the event's name")
    return meaning_of(name)


def _source(wire: Wire, call: dict[str, Any], batch: dict[str, Any], context: dict[str, Any]) -> str:
    account = text(call.get("projectId") or batch.get("projectId"))
    app = text(mapping(context["app"]).get("name")) if "app" in context else None
    return f"//{wire.platform}/{account or '-'}/{app or '-'}" if account or app else wire.unnamed


def _automation(wire: Wire, meaning: Meaning, properties: dict[str, Any]) -> Automation:
    if "automation_id" in properties:
        return planted(properties).automation or _NOBODY
    reference = text(properties.get("subscription_id"))
    return Automation(
        kind="subscription",
        role=meaning.role,
        ref_system=wire.platform if reference else None,
        ref_type="subscription" if reference else None,
        ref_id=reference,
    )


def _initiator(
    kind: str,
    meaning: Meaning,
    context: dict[str, Any],
    properties: dict[str, Any],
    automation: Automation,
) -> Initiator:
    if "initiator" in properties and (told := text(properties["initiator"])) in _INITIATORS:
        return Initiator(kind=cast("Literal['human']", told), evidence="properties.initiator")
    if automation.role == "act":
        by_date = automation.kind == "subscription"
        return Initiator(kind="scheduled" if by_date else "machine", evidence="properties.automation_id")
    if meaning.browsing:
        return _VISITOR[kind]
    library = text(mapping(context.get("library")).get("name"))
    return _CLIENT if library is not None and library.startswith(_CLIENTS) else _UNKNOWN


def _touch(kind: str, meaning: Meaning, context: dict[str, Any], properties: dict[str, Any]) -> Touch:
    if kind not in _TOUCHING:
        return _UNTOUCHED
    page = mapping(context["page"]) if "page" in context else _NONE
    if kind == "page" and ("url" in properties or "referrer" in properties):
        page = page | properties
    elif kind == "track" and meaning.type in _OPENINGS:
        page = {"url": properties.get("url")}  # the link that opened the app
    named = campaign_of(context, properties) if "campaign" in context or "campaign" in properties else {}
    told = touch_of(named, page, arrives=kind == "page")
    # An event about an order that we do not know by name comes after it, whatever brought the buyer.
    evidence = None if meaning.stage == "none" and "order_id" in properties else told.channel
    channel = text(properties["channel"]) if "channel" in properties else None
    channel = channel or evidence or meaning.channel
    if kind == "screen":
        channel = channel or "app"
    if meaning.order or meaning.advertising is not None:
        channel = None
    if channel == told.channel:
        return told
    return Touch(
        channel=channel,
        source=told.source,
        medium=told.medium,
        campaign=told.campaign,
        content=told.content,
        term=told.term,
        click_ids=told.click_ids,
    )


def _stage(meaning: Meaning, properties: dict[str, Any], touch: Touch) -> Stage:
    if "stage" in properties and (told := text(properties["stage"])) in _STAGES:
        return cast("Stage", told)
    if touch.channel is None or meaning.stage not in ("none", "consideration"):
        return meaning.stage
    return "awareness" if touch.channel in AWARENESS else "consideration"


def _modality(
    properties: dict[str, Any], initiator: Initiator, touch: Touch, automation: Automation
) -> Modality:
    if "modality" in properties and (told := text(properties["modality"])) in _MODALITIES:
        return cast("Modality", told)
    if automation.role == "act":
        return "automated"
    if touch.channel == "voice":
        return "voice"
    return "screen" if initiator.kind == "human" else "unknown"


def _correlation(context: dict[str, Any], properties: dict[str, Any]) -> Correlation:
    session = text(context.get("sessionId") or properties.get("session_id"))
    return Correlation(session=session) if session else _ALONE


def _intent(properties: dict[str, Any]) -> Intent:
    return Intent(name="search", utterance=text(properties.get("query")))


def _exposure(meaning: Meaning, properties: dict[str, Any]) -> Exposure:
    ad = text(properties.get("ad_id")) or text(properties.get("ad_asset_id"))
    return Exposure(
        ad=ad or text(properties.get("promotion_id")) or text(properties.get("asset_id")),
        creative=text(properties.get("creative")) or text(properties.get("title")),
        event=meaning.exposure,
        seconds=number(properties.get("seconds")) or number(properties.get("position")),
    )


_MOST_KEPT = 20  # properties


def _commerce(meaning: Meaning, properties: dict[str, Any]) -> Commerce:
    """Return what was done to a cart or order; products are viewed many times, so what is told repeats."""
    if len(properties) > _MOST_KEPT or not _ONCE.isdisjoint(properties):
        return _told_commerce(meaning.action, properties)
    values = (*properties.values(),)
    try:
        return _recent_commerce(meaning.action, (*properties,), values, (*map(type, values),))
    except TypeError:  # a value that is a list or an object
        return _told_commerce(meaning.action, properties)


@lru_cache(maxsize=1 << 12)
def _recent_commerce(
    action: Action | None, names: tuple[str, ...], values: tuple[Any, ...], kinds: tuple[type, ...]
) -> Commerce:
    """Return what `_told_commerce` does; `kinds` tell values apart that are equal, as 1 and true."""
    del kinds
    return _told_commerce(action, dict(zip(names, values, strict=True)))


def _told_commerce(action: Action | None, properties: dict[str, Any]) -> Commerce:
    products = _products(properties) if properties else None
    if action is None and products is None and "order_id" not in properties and "orderId" not in properties:
        return _NO_COMMERCE
    found: dict[str, Any] = {}
    if _ORDERED.isdisjoint(properties) and action not in _VALUED:
        return Commerce(action=action, products=products)
    for key, value in properties.items():
        if key in _ORDER:
            known = _ORDER[key](value)
            if known is not None:
                found[_RENAMED.get(key, key)] = known
        elif key in _CAMEL and _CAMEL[key] not in properties and (known := text(value)) is not None:
            found[_RENAMED[_CAMEL[key]]] = known
    # Spec v2: `subtotal` is after discounts and before tax and shipping, as `revenue` is.
    after_discounts = found.pop("subtotal", None)
    found.setdefault("revenue", after_discounts)
    found.setdefault("total", found.pop("value", None))
    if action in _VALUED:
        found["value_known"] = found["total"] is not None or found["revenue"] is not None
        if action == "refunded":
            found["refund_of"] = found.get("order")
    return Commerce(action=action, products=products, **found)


def _products(properties: dict[str, Any]) -> list[Product] | None:
    lines = properties.get("products")
    lines = [lines] if isinstance(lines, dict) and lines else mappings(lines)
    if not lines and ("product_id" in properties or "sku" in properties):
        return [_product(properties)]
    return [_product(line) for line in lines] if lines else None


def _product(line: dict[str, Any]) -> Product:
    told = line.get
    first = told("product_id") or told("productId") or told("id")
    values = (first, told("sku"), told("name"), told("category"), told("quantity"), told("price"))
    try:
        return _known_product(*values)
    except TypeError:  # a value that is a list or an object is none
        return _known_product(*(None if isinstance(v, dict | list) else v for v in values))


@lru_cache(maxsize=1 << 13, typed=True)
def _known_product(*values: object) -> Product:
    """Return a line; the same product is viewed and bought many times, so lines repeat."""
    found: dict[str, Any] = {
        key: read_value(v) for (key, read_value), v in zip(_LINE.items(), values, strict=True)
    }
    return Product(**found)
