"""Tealium Collect: events of the HTTP API (v1 `/event`, v3, bulk) and of utag's Collect tag.

An event is one flat object; products come as parallel lists, one value a product. There is no event id:
the content makes it, with `tealium_random` in it, so that two equal clicks stay two.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

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
    opened,
    planted,
    text,
    touch_of,
    unreadable,
    visited,
)

__all__ = ["read", "recognises"]

PLATFORM = "tealium"
TITLE = "Tealium"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "file"], ...] = ("webhook", "file")
PROOF = "none in v1; a bearer token in v3; a key in the address of an EventStream webhook"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://docs.tealium.com/platforms/http-api/endpoint/"
CLIENT_PATHS = ("/event", "/bulk-event", "/v3/collect/event")

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_MARKS = ("tealium_account", "tealium_event", "tealium_visitor_id", "tealium_datasource")
_VIEW = Meaning("platform.page.viewed", "consideration", browsing=True)
_MEANINGS = {
    "view": _VIEW,
    "page_view": _VIEW,
    "pageview": _VIEW,
    "screen_view": Meaning("platform.screen.viewed", "consideration", browsing=True, channel="app"),
    "link": Meaning("platform.link.clicked", browsing=True),
    # The life of a mobile app, which its libraries track by themselves: use of it, and no arrival.
    "launch": Meaning("platform.app.launched", "post_purchase", browsing=True, order=True),
    "wake": Meaning("platform.app.woken", "post_purchase", browsing=True, order=True),
    "sleep": Meaning("platform.app.slept", "post_purchase", order=True),
    "user_login": Meaning("platform.user.identified"),
    "user_register": Meaning("platform.user.registered"),
    "grant_full_consent": Meaning("platform.consent.granted"),
    "grant_partial_consent": Meaning("platform.consent.changed"),
    "decline_consent": Meaning("platform.consent.withdrawn"),
}
# Tealium's recommended event names, by the e-commerce words that they stand for.
_WORDS = {
    "product_view": "product viewed",
    "category_view": "product list viewed",
    "product_list_view": "product list viewed",
    "search": "products searched",
    "cart_add": "product added",
    "cart_remove": "product removed",
    "cart_view": "cart viewed",
    "cart": "cart viewed",
    "checkout": "checkout started",
    "checkout_start": "checkout started",
    "purchase": "order completed",
    "order": "order completed",
    "order_complete": "order completed",
    "order_cancel": "order cancelled",
    "order_refund": "order refunded",
    "refund": "order refunded",
    "wishlist_add": "product added to wishlist",
    "wishlist_remove": "product removed from wishlist",
    "promo_click": "promotion clicked",
    "promo_view": "promotion viewed",
    "subscription_start": "subscription started",
    "subscription_cancel": "subscription cancelled",
}


def recognises(payload: Payload) -> bool:
    """Return whether this is an event of Tealium's, or a bulk of them.

    >>> recognises({"tealium_account": "a", "tealium_profile": "main", "tealium_event": "page_view"})
    True
    """
    body, _ = opened(payload)
    return any(_is_event(event) for event in _events(body))


def _events(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the flat events: of a bulk, with what they share; of the Collect tag's `data`; or the one."""
    shared = mapping(body.get("shared"))
    if "events" in body and (shared or "tealium_account" in body or _is_any(body["events"])):
        shared = shared or {k: v for k, v in body.items() if k != "events"}
        return [shared | event for event in mappings(body["events"])]
    inside = mapping(body.get("data"))
    layer = mapping(inside.get("udo"))
    if _is_event(layer) or ("tealium_event" in layer and "visitor_id" in body):
        # EventStream keeps the data layer apart from what the page and the cookies told.
        page = {f"dom.{k}": v for k, v in mapping(inside.get("dom")).items()}
        names = (("account", "tealium_account"), ("profile", "tealium_profile"), ("visitor_id",) * 2)
        around = {own: body[k] for k, own in (*names, ("post_time", "event_timestamp")) if k in body}
        return [around | page | layer]
    return [inside] if _is_event(inside) or "dom.url" in inside else [body]


def _is_any(events: object) -> bool:
    return any(_is_event(event) for event in mappings(events))


def _is_event(event: dict[str, Any]) -> bool:
    return sum(mark in event for mark in _MARKS) >= 2 or ("tealium_event" in event and "dom.url" in event)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event an event of Tealium's.

    Raises:
        BadPayload: it is none, or it has no `tealium_event`.
    """
    body, _ = opened(payload)
    events = _events(body)
    if not recognises(payload):
        raise unreadable(PLATFORM, "no 'tealium_account' and 'tealium_event'", body, "send the event whole")
    yield from each(events, lambda event: (_event(event, received),))


def _event(item: dict[str, Any], received: datetime) -> Event:
    name = text(item.get("tealium_event")) or text(item.get("event_name"))
    if name is None:
        raise unreadable(f"{PLATFORM}.tealium_event", "no event's name", item, "send 'tealium_event'")
    spelled = name.lower().replace(" ", "_").replace("-", "_")
    meaning = _MEANINGS.get(spelled) or meaning_of(_WORDS.get(spelled, name))
    time = next(filter(None, (instant(item.get(key)) for key in _CLOCKS)), None)
    found = planted({k: v for k, v in item.items() if k.startswith("automation_") or k == "household"})
    agent = text(item.get("user_agent")) or text(item.get("dom.user_agent"))
    return visited(
        Visit(meaning, _touch(item, meaning), "tealium_event", found.automation or Automation()),
        id=content_id(PLATFORM, item),
        id_origin="derived",
        source=f"//tealium/{_named(item, 'tealium_account')}/{_named(item, 'tealium_profile')}",
        time=time or received,
        time_quality="device" if time else "received",
        time_received=received,
        identifiers=_people(item),
        household_hints=found.hints + _network(item),
        device=_device(item, agent),
        correlation=Correlation(session=text(item.get("tealium_session_id"))),
        commerce=bought(meaning, _bought(item)),
        consent=_consent(item),
        raw=_RAW,
    )


_CLOCKS = ("tealium_timestamp_epoch_milliseconds", "tealium_timestamp_epoch", "tealium_timestamp_utc",
           "event_timestamp", "timestamp_unix_milliseconds", "timestamp_unix")  # fmt: skip


def _named(item: dict[str, Any], key: str) -> str:
    return (text(item.get(key)) or "-").replace("/", "_")


def _people(item: dict[str, Any]) -> tuple[Identifier, ...]:
    known = item.get("customer_id") or item.get("user_id")
    visitor = item.get("tealium_visitor_id") or item.get("visitor_id")
    phone = item.get("customer_phone") or item.get("customer_phone_number")
    return (
        identified("tealium.customer", known, authenticated=True)
        + identified("tealium.visitor_id", visitor or item.get("cp.utag_main_v_id"))
        + identified("email", item.get("customer_email") or item.get("user_email"), personal=True)
        + identified("phone", phone, personal=True)
    )


def _network(item: dict[str, Any]) -> tuple[Hint, ...]:
    address = text(item.get("ip_address")) or text(item.get("client_ip"))
    return (Hint(kind="ip", value=address, personal=True, strength=0.3),) if address else ()


def _device(item: dict[str, Any], agent: str | None) -> Device:
    told = text(item.get("device_type")) or text(item.get("device_platform")) or text(item.get("os_name"))
    return Device(
        id=text(item.get("device_id")),
        kind=device_kind(told, agent),
        make=text(item.get("device_manufacturer")),
        model=text(item.get("device")) or text(item.get("device_model")),
    )


def _touch(item: dict[str, Any], meaning: Meaning) -> Touch:
    page = {
        "url": text(item.get("page_url")) or text(item.get("dom.url")),
        "referrer": text(item.get("page_referrer")) or text(item.get("dom.referrer")),
    }
    campaign = {
        "source": _first(item, "campaign_source", "utm_source", "qp.utm_source"),
        "medium": _first(item, "campaign_medium", "utm_medium", "qp.utm_medium"),
        "name": _first(item, "campaign_name", "utm_campaign", "qp.utm_campaign"),
        "content": _first(item, "campaign_content", "utm_content", "qp.utm_content"),
        "term": _first(item, "campaign_term", "utm_term", "qp.utm_term"),
    }
    known = {key: value for key, value in campaign.items() if value is not None}
    # A server's page_view says nothing of how the visitor came when it names no referrer.
    arrives = meaning is _VIEW and ("dom.referrer" in item or "page_referrer" in item)
    told = touch_of(known, page, arrives=arrives)
    channel = text(item.get("channel"))
    if channel is None or meaning.order:
        return told
    return Touch(channel=channel, source=told.source, medium=told.medium, campaign=told.campaign)


def _first(item: dict[str, Any], *keys: str) -> str | None:
    return next((found for key in keys if (found := text(_single(item.get(key))))), None)


_AMOUNTS = {
    "total": ("order_total", "order_grand_total", "order_total_amount"),
    "revenue": ("order_subtotal", "order_subtotal_after_promo"),
    "tax": ("order_tax_amount", "order_tax"),
    "shipping": ("order_shipping_amount", "order_shipping"),
    "discount": ("order_discount_amount", "order_discount"),
}


def _bought(item: dict[str, Any]) -> Bought:
    return Bought(
        order=text(_single(item.get("order_id"))),
        total=_amount(item, "total"),
        revenue=_amount(item, "revenue"),
        tax=_amount(item, "tax"),
        shipping=_amount(item, "shipping"),
        discount=_amount(item, "discount"),
        cart=text(_single(item.get("cart_id"))),
        currency=currency(_single(item.get("order_currency_code")))
        or currency(_single(item.get("order_currency"))),
        coupon=_first(item, "order_coupon_code", "order_promo_code"),
        subscription=text(_single(item.get("subscription_id"))),
        products=_products(item) or None,
    )


def _single(told: object) -> object:
    """Return the value; utag's data layer may hold a list of one."""
    return told[0] if isinstance(told, list) and told else told


def _amount(item: dict[str, Any], name: str) -> Decimal | None:
    for key in _AMOUNTS[name]:
        found = money(_single(item.get(key)))
        if found is not None:
            return found
    return None


_LINES = {
    "product_id": ("product_id",),
    "sku": ("product_sku",),
    "name": ("product_name",),
    "category": ("product_category",),
    "quantity": ("product_quantity",),
    "price": ("product_unit_price", "product_price"),
}


def _products(item: dict[str, Any]) -> list[Product]:
    """Return the lines: the parallel lists side by side; a single value is a list of one."""
    lists = {name: next((item[k] for k in keys if k in item), None) for name, keys in _LINES.items()}
    columns = {name: v if isinstance(v, list) else [] if v is None else [v] for name, v in lists.items()}
    count = max(len(columns["product_id"]), len(columns["sku"]), len(columns["name"]))
    return [_line(columns, index) for index in range(min(count, 1000))]


def _line(columns: dict[str, list[Any]], index: int) -> Product:
    at = {name: column[index] if index < len(column) else None for name, column in columns.items()}
    return Product(
        product_id=text(at["product_id"]),
        sku=text(at["sku"]),
        name=text(at["name"]),
        category=text(at["category"]),
        quantity=money(at["quantity"]),
        price=money(at["price"]),
    )


_DECLINED = ("notconsented", "not_consented", "dissent", "opt_out", "declined")
_AGREED = ("consented", "consent", "opt_in", "accepted")
_REFUSED: dict[str, object] = dict.fromkeys(("analytics", "marketing", "personalization", "sharing"), False)


def _consent(item: dict[str, Any]) -> Consent:
    """Return the consent of Tealium's consent manager: its word, its events, and the categories allowed.

    Under the opt-out policy (`ccpa`) a visitor decides on the sale of what is known of them, and on
    nothing else.
    """
    word = (text(item.get("policy_consent")) or text(item.get("consent_status")) or "").lower()
    event = (text(item.get("tealium_event")) or "").lower()
    on_sale = (text(item.get("policy")) or "").lower() == "ccpa"
    if word in _DECLINED or (event == "decline_consent" and not on_sale):
        return consented(_REFUSED, "policy_consent" if word in _DECLINED else "tealium_event")
    categories = item.get("consent_categories")
    allowed = [c for c in categories if isinstance(c, str)] if isinstance(categories, list) else []
    answers: dict[str, object] = dict.fromkeys(allowed, True)
    if on_sale and (word in _AGREED or event == "grant_full_consent"):
        answers["sharing"] = True
    elif not allowed and not on_sale and word in _AGREED:
        answers = {"analytics": True, "marketing": True}
    if event == "decline_consent" or _is_blocked(item.get("do_not_sell")):
        answers["sharing"] = False
    return consented(answers, "policy_consent" if word else "consent_categories")


def _is_blocked(told: object) -> bool:
    """Return whether anything may not be sold: a flag, or a list of the tags that may not."""
    return bool(told) if isinstance(told, bool | list) else str(told).lower() in ("true", "1")
