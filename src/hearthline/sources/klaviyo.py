"""Klaviyo: system webhooks, and events as its API gives and takes them.

A webhook holds many events in `data`, each with a topic and the event as the API tells it. What was sent
is no touch; what was opened or clicked is. An unsubscription is a refusal of advertising.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.errors import Unproven
from hearthline.schema.event import Automation, Consent, Event, Identifier, Product, Raw, Touch
from hearthline.sources import (
    Account,
    Answer,
    Bought,
    Meaning,
    Payload,
    Proof,
    Sent,
    Visit,
    address_hint,
    bought,
    content_id,
    currency,
    each,
    fresh,
    identified,
    instant,
    mapping,
    mappings,
    meaning_of,
    money,
    one_secret,
    opened,
    planted,
    signed_by,
    text,
    unreadable,
    visited,
    within,
)

__all__ = ["read", "recognises", "verify"]

PLATFORM = "klaviyo"
TITLE = "Klaviyo"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "pull", "file"], ...] = ("webhook", "pull", "file")
PROOF = "Klaviyo-Signature: hex HMAC-SHA256 of body and Klaviyo-Timestamp with the webhook's secret"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "sometimes",
}
DOCS = "https://developers.klaviyo.com/en/docs/working_with_system_webhooks"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_WINDOW_S = 300


def _touched(name: str, channel: str) -> Meaning:
    return Meaning(f"platform.{name}", "consideration", channel=channel)


_OPENED = Meaning("platform.email.opened", "awareness", channel="email")
_MEANINGS = {
    "opened email": _OPENED,
    "email opened": _OPENED,
    "clicked email": meaning_of("email link clicked"),
    "received email": meaning_of("email delivered"),
    "clicked sms": _touched("sms.link_clicked", "sms"),
    "received sms": Meaning("platform.sms.delivered"),
    "sent sms": Meaning("platform.sms.sent"),
    "opened push": meaning_of("push notification tapped"),
    "received push": meaning_of("push notification received"),
    "placed order": meaning_of("order completed"),
    "ordered product": Meaning("platform.order.line_added", "post_purchase", order=True),
    "fulfilled order": meaning_of("order shipped"),
    "cancelled order": meaning_of("order cancelled"),
    "refunded order": meaning_of("order refunded"),
    "active on site": Meaning("platform.site.visited", browsing=True),
    "viewed product": meaning_of("product viewed"),
    "added to cart": meaning_of("product added"),
    "started checkout": meaning_of("checkout started"),
    "checkout started": meaning_of("checkout started"),
    "submitted review": Meaning("platform.product.reviewed", "post_purchase", order=True),
    "submitted rating": Meaning("platform.product.reviewed", "post_purchase", order=True),
    "marked email as spam": meaning_of("email marked as spam"),
    "manually suppressed from email marketing": meaning_of("unsubscribed"),
} | dict.fromkeys(
    (
        "subscribed to email marketing",
        "subscribed to sms marketing",
        "subscribed to whatsapp marketing",
        "subscribed to list",
        "consented to receive sms",
    ),
    Meaning("platform.consent.granted", advertising="granted"),
)


def recognises(payload: Payload) -> bool:
    """Return whether this is a webhook of Klaviyo's, or events of its API.

    >>> recognises({"data": [{"topic": "event:klaviyo.opened_email", "payload": {}}], "meta": {}})
    True
    """
    body, _ = opened(payload)
    return any(_is_told(entry) for entry in _entries(body))


def _entries(body: dict[str, Any]) -> list[dict[str, Any]]:
    if _is_first(body):
        return [_as_event(body)]
    return mappings(body.get("data")) or [mapping(body.get("data"))]


def _is_first(body: dict[str, Any]) -> bool:
    """Return whether this is an event of the first API: tracked, or in a person's timeline."""
    tracked = "event" in body and "customer_properties" in body
    return tracked or ("event_name" in body and "event_properties" in body and "person" in body)


def _as_event(body: dict[str, Any]) -> dict[str, Any]:
    """Return an event of the first API as today's has it."""
    person = mapping(body.get("customer_properties")) or mapping(body.get("person"))
    told = mapping(body.get("properties")) or mapping(body.get("event_properties"))
    named = {key.removeprefix("$"): value for key, value in person.items()}
    attributes = {
        "metric": {"data": {"attributes": {"name": body.get("event") or body.get("event_name")}}},
        "profile": {"data": {"id": named.get("id"), "attributes": named}},
        "properties": told,
        "time": body.get("time") or body.get("datetime") or body.get("timestamp"),
        "unique_id": told.get("$event_id") or body.get("id"),
    }
    return {"type": "event", "attributes": attributes}


def _is_told(entry: dict[str, Any]) -> bool:
    if "topic" in entry and "payload" in entry:
        return True
    attributes = mapping(entry.get("attributes"))
    marks = ("metric", "event_properties", "metric_id", "profile", "unique_id")
    return text(entry.get("type")) == "event" and not attributes.keys().isdisjoint(marks)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event an entry.

    Raises:
        BadPayload: no webhook and no event; an event that names no metric.
    """
    body, _ = opened(payload)
    if not recognises(payload):
        raise unreadable(PLATFORM, "no webhook and no event in 'data'", body, "send it whole")
    account = text(within(body, "meta", "klaviyo_account_id")) or "-"
    included = {text(i.get("id")): mapping(i.get("attributes")) for i in mappings(body.get("included"))}
    yield from each(_entries(body), lambda entry: (_event(entry, account, included, received),))


def _event(
    entry: dict[str, Any], account: str, included: Mapping[str | None, dict[str, Any]], received: datetime
) -> Event:
    item = mapping(within(entry, "payload", "data")) if "payload" in entry else entry
    attributes = mapping(item.get("attributes"))
    told = mapping(attributes.get("event_properties")) or mapping(attributes.get("properties"))
    name = _name(entry, item, included)
    if name is None:
        raise unreadable(f"{PLATFORM}.metric", "no topic and no metric's name", item, "send the event whole")
    meaning = _MEANINGS.get(name) or meaning_of(name)
    native = text(attributes.get("unique_id")) or text(item.get("id")) or text(entry.get("external_id"))
    times = (attributes.get("datetime"), attributes.get("time"), attributes.get("timestamp"))
    time = next(filter(None, map(instant, times)), None)
    profile = _profile(item, included)
    found = planted({k: text(v) for k, v in told.items()})
    return visited(
        Visit(meaning, _touch(told, meaning), "metric", found.automation or Automation()),
        id=native or content_id(PLATFORM, item or entry),
        id_origin="native" if native else "derived",
        source=f"//klaviyo/{account.replace('/', '_')}/events",
        time=time or received,
        time_quality="platform" if time else "received",
        time_received=received,
        identifiers=_people(item, profile, told) + found.identifiers,
        household_hints=address_hint(profile.get("location")) + found.hints,
        commerce=bought(meaning, _bought(attributes, told, meaning)),
        consent=Consent(source="topic") if meaning.advertising else Consent(),
        raw=_RAW,
    )


def _name(
    entry: dict[str, Any], item: dict[str, Any], included: Mapping[str | None, dict[str, Any]]
) -> str | None:
    """Return what happened, in lower-case words: the topic's, else the metric's own name."""
    topic = text(entry.get("topic"))
    if topic is not None:
        return topic.rpartition(".")[2].rpartition(":")[2].replace("_", " ").lower()
    metric = within(item, "attributes", "metric")
    named = (
        text(within(metric, "data", "attributes", "name"))
        or text(within(metric, "name"))
        or text(included.get(text(within(item, "relationships", "metric", "data", "id")), {}).get("name"))
    )
    return named.lower() if named else None


def _profile(item: dict[str, Any], included: Mapping[str | None, dict[str, Any]]) -> dict[str, Any]:
    given = mapping(within(item, "attributes", "profile", "data", "attributes"))
    given = given or mapping(within(item, "attributes", "profile"))
    return given or included.get(text(within(item, "relationships", "profile", "data", "id")), {})


def _people(item: dict[str, Any], profile: dict[str, Any], told: dict[str, Any]) -> tuple[Identifier, ...]:
    own = within(item, "relationships", "profile", "data", "id") or within(
        item, "attributes", "profile", "data", "id"
    )
    return (
        identified("klaviyo.profile", own or within(item, "attributes", "profile_id"))
        + identified("klaviyo.external_id", profile.get("external_id"))
        + identified("klaviyo.anonymous_id", profile.get("anonymous_id"))
        + identified("email", profile.get("email") or told.get("email_address"), personal=True)
        + identified("phone", profile.get("phone_number") or told.get("phone_number"), personal=True)
    )


def _touch(told: dict[str, Any], meaning: Meaning) -> Touch:
    campaign = text(told.get("Campaign Name")) or text(told.get("campaign_name")) or text(told.get("$flow"))
    if campaign is None and meaning.channel is None:
        return Touch()
    return Touch(campaign=campaign, source="klaviyo", channel=meaning.channel)


def _bought(attributes: dict[str, Any], told: dict[str, Any], meaning: Meaning) -> Bought:
    order = text(told.get("OrderId")) or text(told.get("order_id"))
    if order is None and meaning.order:  # the id of any event; of an order it is the order's
        order = text(told.get("$event_id"))
    product = text(told.get("ProductID")) or text(told.get("product_id"))
    lines = [_product(line) for line in mappings(told.get("Items")) or mappings(told.get("items"))]
    if not lines and product:
        lines = [_product(told)]
    value = attributes.get("value", told.get("$value"))
    return Bought(
        order=order,
        total=money(value) if order else None,
        currency=currency(attributes.get("value_currency")) or currency(told.get("$currency_code")),
        products=lines or None,
    )


def _product(line: dict[str, Any]) -> Product:
    return Product(
        product_id=text(line.get("ProductID")) or text(line.get("product_id")),
        sku=text(line.get("SKU")) or text(line.get("sku")),
        name=text(line.get("ProductName")) or text(line.get("product_name")),
        quantity=money(line.get("Quantity")),
        price=money(line.get("ItemPrice")) or money(line.get("Price")),
    )


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a system webhook's signature, which covers its time.

    Raises:
        Unproven: the signature fits no secret, or was made more than five minutes ago.
    """
    secrets = one_secret(account, PLATFORM)
    stamp = sent.headers.get("klaviyo-timestamp", "")
    key = signed_by(secrets, sent.body + stamp.encode(), sent.headers.get("klaviyo-signature"))
    if key is None:
        raise Unproven(
            PLATFORM, "Klaviyo-Signature fits no secret", "set the secret that the webhook was made with"
        )
    fresh(instant(stamp), sent.received, _WINDOW_S, PLATFORM)
    return Proof(scheme="hmac-sha256", key_id=key)
