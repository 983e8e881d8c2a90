"""Google Analytics 4: rows of its BigQuery export, one event a row, as JSON lines or a JSON list.

There is no event id: visitor, time, name, bundle and batch position make it. Numbers come as numbers or as
text. The event's own campaign counts (`collected_traffic_source`, parameters of the event, the page's
address); `traffic_source` tells how the visitor came the very first time, and is no evidence for now.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import (
    Automation,
    Correlation,
    Device,
    Event,
    Identifier,
    Intent,
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
    within,
)

__all__ = ["read", "recognises"]

PLATFORM = "ga4_export"
TITLE = "Google Analytics 4 export"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["file", "pull"], ...] = ("file", "pull")
PROOF = "none: you export it from your own BigQuery"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "sometimes",
    "household": "no",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://support.google.com/analytics/answer/7029846"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_PAGE = Meaning("platform.page.viewed", "consideration", browsing=True)
_MEANINGS = {
    "page_view": _PAGE,
    "screen_view": Meaning("platform.screen.viewed", "consideration", browsing=True),
    "session_start": Meaning("platform.session.started"),
    "first_visit": Meaning("platform.user.first_seen"),
    "first_open": Meaning("platform.app.installed"),
    "user_engagement": Meaning("platform.user.engaged"),
    "scroll": Meaning("platform.page.scrolled", browsing=True),
    "click": Meaning("platform.link.clicked", browsing=True),
    "login": Meaning("platform.user.identified"),
    "sign_up": Meaning("platform.user.registered"),
    "ad_impression": meaning_of("ad viewed"),
    "ad_click": meaning_of("ad clicked"),
    "notification_open": meaning_of("push notification tapped"),
    "notification_receive": meaning_of("push notification received"),
    "app_remove": Meaning("platform.app.removed"),
}
_IN_APP = "in_app_purchase"
# Google's recommended e-commerce events, by the words that they stand for.
_WORDS = {
    "view_item_list": "product list viewed",
    "select_item": "product clicked",
    "view_item": "product viewed",
    "add_to_cart": "product added",
    "remove_from_cart": "product removed",
    "view_cart": "cart viewed",
    "add_to_wishlist": "product added to wishlist",
    "begin_checkout": "checkout started",
    "add_shipping_info": "checkout step completed",
    "add_payment_info": "payment info entered",
    "purchase": "order completed",
    _IN_APP: "order completed",
    "ecommerce_purchase": "order completed",
    "refund": "order refunded",
    "purchase_refund": "order refunded",
    "app_store_refund": "order refunded",
    "view_promotion": "promotion viewed",
    "select_promotion": "promotion clicked",
    "search": "products searched",
    "view_search_results": "products searched",
    "app_store_subscription_convert": "subscription started",
    "app_store_subscription_cancel": "subscription cancelled",
}


def recognises(payload: Payload) -> bool:
    """Return whether this is a row of the export.

    >>> recognises({"event_name": "page_view", "event_timestamp": "1", "user_pseudo_id": "a"})
    True
    """
    body, _ = opened(payload)
    if "event_name" not in body or "event_timestamp" not in body:
        return False
    return not body.keys().isdisjoint(("user_pseudo_id", "event_params", "event_bundle_sequence_id"))


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the row's event.

    Raises:
        BadPayload: it is no row of the export.
    """
    body, _ = opened(payload)
    name = text(body.get("event_name"))
    if name is None or not recognises(payload):
        raise unreadable(PLATFORM, "no 'event_name' and 'event_timestamp'", body, "export the row whole")
    params = _params(body.get("event_params"))
    meaning = _MEANINGS.get(name) or meaning_of(_WORDS.get(name, name.replace("_", " ")))
    time = instant(body.get("event_timestamp"))
    found = planted({k: text(v) for k, v in params.items()})
    session = text(params.get("ga_session_id"))
    yield visited(
        Visit(meaning, _touch(body, params, meaning), "event_name", found.automation or Automation()),
        id=content_id(PLATFORM, [body.get(key) for key in _TELLING] + _told_apart(body, params)),
        id_origin="derived",
        source=f"//google_analytics/{_property(body)}/{text(body.get('stream_id')) or '-'}",
        time=time or received,
        time_quality="platform" if time else "received",
        time_received=received,
        identifiers=_people(body) + found.identifiers,
        household_hints=found.hints,
        device=_device(body),
        correlation=Correlation(session=f"{_visitor(body)}.{session}" if session else None),
        intent=_intent(meaning, params),
        commerce=bought(meaning, _in_app(body, params) if name == _IN_APP else _bought(body, params)),
        consent=consented(_answers(mapping(body.get("privacy_info"))), "privacy_info"),
        raw=_RAW,
    )


# Google: these make a row unique; older exports lack the last two.
_TELLING = ("user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id")


def _told_apart(body: dict[str, Any], params: dict[str, Any]) -> list[object]:
    """Return what tells two rows of one bundle apart: their place in it, else all that they say."""
    place = [body.get("batch_event_index"), body.get("batch_ordering_id"), body.get("batch_page_id")]
    return place if any(part is not None for part in place) else [params, body.get("items")]


def _params(listed: object) -> dict[str, Any]:
    """Return the parameters by key; of a value's four typed fields one is set."""
    if isinstance(listed, dict):
        return listed
    found: dict[str, Any] = {}
    for entry in mappings(listed):
        key, value = text(entry.get("key")), entry.get("value")
        if key is not None:
            found[key] = _typed(value) if isinstance(value, dict) else value
    return found


_TYPES = ("string_value", "int_value", "double_value", "float_value")


def _typed(value: dict[str, Any]) -> Any:
    return next((value[name] for name in _TYPES if value.get(name) is not None), None)


def _property(body: dict[str, Any]) -> str:
    app = text(within(body, "app_info", "id"))
    return (text(body.get("property_id")) or app or "-").replace("/", "_")


def _visitor(body: dict[str, Any]) -> str:
    return text(body.get("user_pseudo_id")) or "-"


def _people(body: dict[str, Any]) -> tuple[Identifier, ...]:
    advertising = text(within(body, "device", "advertising_id"))
    found = identified("ga4.user", body.get("user_id"), authenticated=True)
    found += identified("ga4.pseudo_id", body.get("user_pseudo_id"))
    if advertising is not None and advertising.strip("0-"):
        found += identified("advertising.device", advertising, personal=True)
    return found


def _device(body: dict[str, Any]) -> Device:
    device = mapping(body.get("device"))
    system = text(device.get("operating_system")) or text(body.get("platform"))
    category = text(device.get("category"))
    return Device(
        kind=device_kind(category) or device_kind(system),
        make=text(device.get("mobile_brand_name")),
        model=text(device.get("mobile_model_name")),
    )


def _touch(body: dict[str, Any], params: dict[str, Any], meaning: Meaning) -> Touch:
    told = mapping(body.get("collected_traffic_source"))
    campaign = {
        "source": text(told.get("manual_source")) or text(params.get("source")),
        "medium": text(told.get("manual_medium")) or text(params.get("medium")),
        "name": text(told.get("manual_campaign_name")) or text(params.get("campaign")),
        "content": text(told.get("manual_content")) or text(params.get("content")),
        "term": text(told.get("manual_term")) or text(params.get("term")),
    }
    url = text(params.get("page_location")) or ""
    for click in ("gclid", "dclid"):
        value = text(told.get(click)) or text(params.get(click))
        if value is not None and click not in url:
            url = f"{url}{'&' if '?' in url else '?'}{click}={value[:200]}"
    known = {key: value for key, value in campaign.items() if value and not value.startswith("(")}
    # Only the first page of a visit is an arrival: later ones have a page of the same visit before them.
    first = text(params.get("entrances")) == "1"
    page = {"url": url, "referrer": params.get("page_referrer")}
    found = touch_of(known, page, arrives=meaning is _PAGE and (first or bool(text(page["referrer"]))))
    channel = text(params.get("channel"))
    if channel is None or meaning.order:
        return found
    return Touch(channel=channel, source=found.source, medium=found.medium, campaign=found.campaign)


def _intent(meaning: Meaning, params: dict[str, Any]) -> Intent:
    if meaning.type != "platform.products.searched":
        return Intent()
    return Intent(name="search", utterance=text(params.get("search_term")))


def _bought(body: dict[str, Any], params: dict[str, Any]) -> Bought:
    """Return the money; Google documents that `value` is the goods' sum, without tax and shipping."""
    told = mapping(body.get("ecommerce"))
    order = text(told.get("transaction_id")) or text(params.get("transaction_id"))
    refund = money(told.get("refund_value"))
    value = money(params.get("value"))
    sum_told = money(told.get("purchase_revenue")) or refund or value
    lines = [_product(line) for line in mappings(body.get("items"))]
    return Bought(
        order=None if order == "(not set)" else order,
        revenue=sum_told if order else None,
        tax=money(told.get("tax_value")) or money(params.get("tax")),
        shipping=money(told.get("shipping_value")) or money(params.get("shipping")),
        currency=currency(params.get("currency")),
        coupon=text(params.get("coupon")),
        subscription=text(params.get("subscription_id")),
        products=[line for line in lines if line != Product()] or None,
    )


def _in_app(body: dict[str, Any], params: dict[str, Any]) -> Bought:
    """Return the money of a purchase in an app's store, in dollars: the only unit that Google documents.

    SDKs send `value` and `price` in millionths of the currency or in its units, and no field says which.
    """
    value = money(body.get("event_value_in_usd"))
    return _bought(body, params)._replace(
        revenue=None, total=value, currency="USD" if value is not None else currency(params.get("currency"))
    )


def _product(line: dict[str, Any]) -> Product:
    return Product(
        product_id=text(line.get("item_id")),
        sku=text(line.get("item_id")),
        name=text(line.get("item_name")),
        category=text(line.get("item_category")),
        quantity=money(line.get("quantity")),
        price=money(line.get("price")),
    )


def _answers(info: dict[str, Any]) -> dict[str, object]:
    """Return the two storages as yes or no; an empty or unset one is no answer."""
    words = {"yes": True, "no": False, "true": True, "false": False, "granted": True, "denied": False}
    told = {name: info.get(name) for name in ("analytics_storage", "ads_storage")}
    spelled = {name: str(value).lower() for name, value in told.items() if value is not None}
    return {name: words[value] for name, value in spelled.items() if value in words}
