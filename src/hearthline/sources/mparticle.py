"""mParticle: batches of app, web and commerce events about one user, as its Events API takes them.

The outbound webhook sends the same JSON with `batch_id` and `mpid` beside it. Events may lack an id and a
time (its Python SDK sends neither): then the batch's time counts, and the content makes the id.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from hearthline.schema.event import (
    Automation,
    Consent,
    Correlation,
    Device,
    Event,
    Hint,
    Identifier,
    Product,
    Raw,
    Touch,
)
from hearthline.sources import (
    Answer,
    Bought,
    Meaning,
    Payload,
    Visit,
    address_hint,
    bought,
    consented,
    content_id,
    currency,
    device_kind,
    each,
    identified,
    instant,
    mapping,
    mappings,
    meaning_of,
    money,
    not_an_event,
    opened,
    planted,
    text,
    touch_of,
    unreadable,
    visited,
    within,
)

__all__ = ["read", "recognises"]

PLATFORM = "mparticle"
TITLE = "mParticle"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "file"], ...] = ("webhook", "file")
PROOF = "HTTP Basic (API key and secret), or the Authorization header that its webhook is given"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://docs.mparticle.com/developers/server/json-reference/"
CLIENT_PATHS = ("/v2/events", "/v2/bulkevents")

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
# Product actions and promotion actions, by the e-commerce words that they stand for.
_ACTIONS = {
    "add_to_cart": "product added",
    "remove_from_cart": "product removed",
    "checkout": "checkout started",
    "checkout_option": "checkout step completed",
    "click": "product clicked",
    "view_detail": "product viewed",
    "view": "product viewed",
    "purchase": "order completed",
    "refund": "order refunded",
    "add_to_wishlist": "product added to wishlist",
    "add_to_wish_list": "product added to wishlist",
    "remove_from_wishlist": "product removed from wishlist",
    "remove_from_wish_list": "product removed from wishlist",
}
_MEANINGS = {
    "session_start": Meaning("platform.session.started"),
    "session_end": Meaning("platform.session.ended"),
    "screen_view": Meaning("platform.screen.viewed", "consideration", browsing=True, channel="app"),
    "first_run": Meaning("platform.app.installed"),
    "application_state_transition": Meaning("platform.app.state_changed"),
    "push_registration": Meaning("platform.push_notification.registered"),
    "user_attribute_change": Meaning("platform.user.changed"),
    "user_identity_change": Meaning("platform.user.identified"),
    "profile": Meaning("platform.user.changed"),
    "opt_out": Meaning("platform.consent.changed"),
    "uninstall": Meaning("platform.app.removed"),
}
# What became of a push message, by its `push_message_type`; an action is a person's tap.
_PUSHED = {
    "sent": Meaning("platform.push_notification.sent"),
    "received": meaning_of("push notification received"),
    "action": meaning_of("push notification tapped"),
}
_INSTALLED = _MEANINGS["first_run"]
_TRANSITION = "application_state_transition"
_TECHNICAL = ("crash_report", "breadcrumb", "network_performance")
_IDENTITIES = {
    "customer_id": ("mparticle.customer", False),
    "email": ("email", True),
    "mobile_number": ("phone", True),
    "phone_number_2": ("phone", True),
    "phone_number_3": ("phone", True),
}
_AT = "hearthline.index"  # where the event stands in its batch: two that are equal stay two
# What tells two batches apart whose events have no ids of their own.
_TELLING = ("source_request_id", "batch_id", "mpid", "user_identities", "timestamp_unixtime_ms")
_ADVERTISING = (
    "ios_advertising_id",
    "android_advertising_id",
    "roku_advertising_id",
    "roku_aid",
    "fire_advertising_id",
    "fire_aid",
    "microsoft_advertising_id",
)


def recognises(payload: Payload) -> bool:
    """Return whether this is a batch of mParticle's.

    >>> recognises({"events": [{"event_type": "custom_event", "data": {}}], "environment": "production"})
    True
    """
    body, _ = opened(payload)
    events = mappings(body.get("events"))
    if events:
        return any(_is_event(event) for event in events)
    known = ("user_identities", "mpid", "source_request_id", "batch_id", "environment")
    return "user_attributes" in body and sum(key in body for key in known) >= 2


def _is_event(event: dict[str, Any]) -> bool:
    return text(event.get("event_type")) is not None and "data" in event


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the batch's events; one without events tells who the user is.

    Raises:
        BadPayload: no batch; a crash, a breadcrumb or a network measurement, which tell of the app alone.
    """
    body, _ = opened(payload)
    if not recognises(payload):
        raise unreadable(PLATFORM, "no 'events' with an 'event_type'", body, "send the batch whole")
    batch = _Batch(body, received)
    events = mappings(body.get("events"))
    if not events:
        yield batch.event({"event_type": "profile", "data": {}}, Meaning("platform.user.identified"))
        return
    yield from each([{**event, _AT: index} for index, event in enumerate(events)], batch.read)


class _Batch:
    """One user's batch: what all its events share is read once."""

    def __init__(self, body: dict[str, Any], received: datetime) -> None:
        self.body, self.received = body, received
        self.info = mapping(body.get("device_info")) or mapping(body.get("device"))
        self.attributes = mapping(body.get("user_attributes"))
        self.identifiers, self.hints = self._people(), self._homes()
        self.device = self._device()
        self.consent = _consent(mapping(body.get("consent_state")), self.info.get("att_authorization_status"))
        self.time = instant(body.get("timestamp_unixtime_ms"))
        self.source = self._source()
        self.installed = any(e.get("event_type") == "first_run" for e in mappings(body.get("events")))

    def read(self, event: dict[str, Any]) -> Iterator[Event]:
        """Yield the one event.

        Raises:
            BadPayload: it has no `event_type`, or tells of the app and of nobody.
        """
        kind = text(event.get("event_type"))
        if kind is None:
            raise unreadable(f"{PLATFORM}.events", "no 'event_type'", event, "send it")
        if kind in _TECHNICAL:
            what = "it tells how the app runs, not what anybody did"
            raise not_an_event(f"{PLATFORM}.{kind}", what)
        data = mapping(event.get("data"))
        meaning = _meaning(kind, data)
        if data.get("is_first_run") is True and kind == _TRANSITION and not self.installed:
            meaning = _INSTALLED
        yield self.event(event, meaning)

    def event(self, event: dict[str, Any], meaning: Meaning) -> Event:
        """Return the event with that meaning."""
        data = mapping(event.get("data"))
        own = mapping(data.get("custom_attributes"))
        time = instant(data.get("timestamp_unixtime_ms"))
        index = event.pop(_AT, 0)
        native = text(data.get("source_message_id")) or text(data.get("event_id"))
        found = planted(own)
        session = text(data.get("session_uuid")) or text(data.get("session_id"))
        fields: dict[str, Any] = {}
        if own.get("modality") in ("voice", "gesture", "ambient"):
            fields["modality"] = own["modality"]
        return visited(
            Visit(meaning, self._touch(meaning, data, own), "event_type", found.automation or _NOBODY),
            id=native or content_id(PLATFORM, [event, *(self.body.get(key) for key in _TELLING)], index),
            id_origin="native" if native else "derived",
            source=self.source,
            time=time or self.time or self.received,
            time_quality="device" if time else "platform" if self.time else "received",
            time_received=self.received,
            tz_offset_min=_offset(self.info.get("timezone_offset")),
            identifiers=tuple(dict.fromkeys(self.identifiers + _changed(data) + found.identifiers)),
            household_hints=self.hints + found.hints,
            device=self.device,
            correlation=Correlation(session=session, root=text(self.body.get("batch_id"))),
            commerce=bought(meaning, _bought(data)),
            consent=self.consent if data.get("is_opted_out") is not True else _opted_out(self.consent),
            raw=_RAW,
            **fields,
        )

    def _touch(self, meaning: Meaning, data: dict[str, Any], own: dict[str, Any]) -> Touch:
        told = text(own.get("channel"))
        referrer = text(within(self.body, "application_info", "install_referrer")) or ""
        campaign = mapping(own.get("campaign"))
        told_urls = (data.get("url"), own.get("url"), own.get("page_url"), data.get("launch_referral"))
        url = next(filter(None, map(text, told_urls)), "")
        if meaning is _INSTALLED and referrer:
            url = f"app://install?{referrer}"
        touch = touch_of(campaign, {"url": url}, arrives=False)
        if told is None or meaning.order:
            return touch
        return Touch(channel=told, source=touch.source, medium=touch.medium, campaign=touch.campaign)

    def _source(self) -> str:
        app = text(within(self.body, "application_info", "package")) or text(
            within(self.body, "application_info", "application_name")
        )
        state = "test" if self.body.get("environment") == "development" else "live"
        return f"//mparticle/{(app or '-').replace('/', '_')}/{state}"

    def _people(self) -> tuple[Identifier, ...]:
        found = identified("mparticle.mpid", self.body.get("mpid") or None)
        told = self.body.get("user_identities")
        listed = [(text(i.get("identity_type")), i.get("identity")) for i in mappings(told)]
        for kind, value in listed or mapping(told).items():
            known = _IDENTITIES.get(kind or "")
            if known is not None:
                found += identified(known[0], value, personal=known[1])
        found += identified("phone", self.attributes.get("$mobile"), personal=True)
        found += identified("mparticle.device", self.body.get("mp_deviceid"))
        for key in _ADVERTISING:
            value = text(self.info.get(key))
            if value is not None and value.strip("0-"):
                found += identified("advertising.device", value, personal=True)
        return found

    def _homes(self) -> tuple[Hint, ...]:
        address = {
            "street": self.attributes.get("$address"),
            "zip": self.attributes.get("$zip"),
            "country": self.attributes.get("$country"),
        }
        found = address_hint(address)
        home, network = text(self.attributes.get("household")), text(self.body.get("ip"))
        if home is not None:
            found += (Hint(kind="home", value=home),)
        if network is not None:
            found += (Hint(kind="ip", value=network, personal=True, strength=0.3),)
        return found

    def _device(self) -> Device:
        system = text(self.info.get("platform")) or text(within(self.body, "application_info", "os"))
        return Device(
            id=text(self.body.get("mp_deviceid")),
            kind=device_kind(system, text(self.info.get("http_header_user_agent"))),
            make=text(self.info.get("device_manufacturer")) or text(self.info.get("brand")),
            model=text(self.info.get("device_model")),
        )


_NOBODY = Automation()


def _meaning(kind: str, data: dict[str, Any]) -> Meaning:
    if kind == "commerce_event":
        action = text(within(data, "product_action", "action"))
        if action is not None:
            return meaning_of(_ACTIONS.get(action.lower(), action.replace("_", " ")))
        if "promotion_action" in data:
            clicked = text(within(data, "promotion_action", "action")) == "click"
            return meaning_of("promotion clicked" if clicked else "promotion viewed")
        return meaning_of(
            "product list viewed" if mappings(data.get("product_impressions")) else "commerce event"
        )
    if kind == "custom_event":
        return meaning_of(text(data.get("event_name")) or "custom event")
    if kind == "push_message":
        return _PUSHED.get(text(data.get("push_message_type")) or "received") or meaning_of(kind)
    return _MEANINGS.get(kind) or meaning_of(kind)


def _changed(data: dict[str, Any]) -> tuple[Identifier, ...]:
    """Return the identity that a `user_identity_change` names."""
    new = mapping(data.get("new"))
    known = _IDENTITIES.get(text(new.get("identity_type")) or "")
    return () if known is None else identified(known[0], new.get("identity"), personal=known[1])


def _bought(data: dict[str, Any]) -> Bought:
    action = mapping(data.get("product_action"))
    if not action:
        return Bought()
    lines = [_product(line) for line in mappings(action.get("products"))]
    return Bought(
        order=text(action.get("transaction_id")),
        total=money(action.get("total_amount")),
        tax=money(action.get("tax_amount")),
        shipping=money(action.get("shipping_amount")),
        coupon=text(action.get("coupon_code")),
        currency=currency(data.get("currency_code")),
        products=lines or None,
    )


def _product(line: dict[str, Any]) -> Product:
    return Product(
        product_id=text(line.get("id")),
        sku=text(line.get("id")),
        name=text(line.get("name")),
        category=text(line.get("category")),
        quantity=money(line.get("quantity")),
        price=money(line.get("price")),
    )


def _consent(state: dict[str, Any], tracking: object) -> Consent:
    """Return the consent of the purposes whose names say what they are for, and the sale under CCPA.

    Who asked the phone not to be tracked refused advertising, whatever the purposes say.
    """
    gdpr = mapping(state.get("gdpr"))
    answers = {purpose: mapping(told).get("consented") for purpose, told in gdpr.items()}
    opted_out = within(state, "ccpa", "data_sale_opt_out", "consented")
    answers["data_sale_opt_out"] = opted_out
    found = consented(answers, "consent_state")
    if tracking != "denied":
        return found
    return msgspec.structs.replace(
        found, advertising="denied", source=found.source or "att_authorization_status"
    )


def _opted_out(told: Consent) -> Consent:
    """Return the consent of one who opted out of all that mParticle collects."""
    answers = dict.fromkeys(("measurement", "advertising", "personalisation", "sharing"), "denied")
    return msgspec.structs.replace(told, **answers, source="is_opted_out")


def _offset(hours: object) -> int | None:
    known = isinstance(hours, int | float) and not isinstance(hours, bool) and abs(hours) <= 14
    return round(float(hours) * 60) if known else None  # type: ignore[arg-type]  # `known` says it is a number
