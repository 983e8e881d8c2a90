"""Shopify: orders, refunds, checkouts, carts, customers, subscription contracts; REST or webhook shape.

An order is a snapshot: it yields its placement, its cancellation and its refunds, each with an id of
its own, so the next snapshot of the same order repeats them as duplicates. Net revenue is the subtotal
after discounts, without tax and shipping, in the shop's currency.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.errors import Unproven
from hearthline.schema.event import Event
from hearthline.sources import (
    Account,
    Payload,
    Proof,
    Sent,
    each,
    instant,
    mapping,
    mappings,
    not_an_event,
    one_secret,
    opened,
    signed_by,
    text,
    unreadable,
)
from hearthline.sources.shopify.around import (
    read_attempt,
    read_cart,
    read_checkout,
    read_consent,
    read_contract,
    read_customer,
    read_deleted,
    read_edit,
    read_fulfillment,
)
from hearthline.sources.shopify.graphql import nodes_of, part_of_an_order, webhook_form
from hearthline.sources.shopify.orders import read_order, read_refund
from hearthline.sources.shopify.people import Delivery

PLATFORM = "shopify"
TITLE = "Shopify"
LAYER: Literal["commerce"] = "commerce"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "pull", "file")
PROOF = "X-Shopify-Hmac-Sha256: base64 HMAC-SHA256 of the body with the app's secret"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://shopify.dev/docs/api/admin-rest/latest/resources/order"
HEADERS = ("x-shopify-topic", "x-shopify-shop-domain", "x-shopify-triggered-at")

_READERS: dict[str, Callable[[dict[str, Any], Delivery], Iterator[Event]]] = {
    "order": read_order,
    "refund": read_refund,
    "checkout": read_checkout,
    "cart": read_cart,
    "customer": read_customer,
    "fulfillment": read_fulfillment,
    "subscription_contract": read_contract,
    "subscription_billing_attempt": read_attempt,
    "order_edit": read_edit,
}
_REFUSED = {
    "draft_order": "a draft order is an offer that nobody has accepted yet",
    "transaction": "a transaction moves money for an order that is sent by itself",
}
# Shopify's three mandatory topics: wishes about privacy, each with its own answer and none of them an event.
_WISHES = ("customers/data_request", "customers/redact", "shop/redact")
# The one for text messages is spelled without its `sms`; with it is what one would expect.
_CONSENTS = frozenset(f"customers_{channel}marketing_consent/update" for channel in ("email_", "", "sms_"))
_KINDS = (*_READERS, *_REFUSED)
_GRAPH_NAMES = {"".join(w.title() for w in kind.split("_")): kind for kind in _KINDS}
_GRAPH_NAMES["OrderTransaction"] = "transaction"


def recognises(payload: Payload) -> bool:
    """Return whether this is a Shopify resource, wrapped, listed or bare.

    >>> recognises({"order": {"id": 1, "line_items": []}}), recognises({"order": 7})
    (True, False)
    """
    body, headers = _opened(payload)
    return "x-shopify-topic" in headers or part_of_an_order(body) or bool(_resources(body, ""))


def _opened(payload: Payload) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the body and the headers, also of a webhook that came by Amazon EventBridge."""
    body, headers = opened(payload)
    detail = mapping(body.get("detail"))
    if "payload" not in detail or not isinstance(detail.get("metadata"), dict):
        return body, headers
    told = {k.lower(): v for k, v in detail["metadata"].items() if isinstance(v, str)}
    return (mapping(detail["payload"]), told) if "x-shopify-topic" in told else (body, headers)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield what the resources tell: orders with their refunds, checkouts, carts, customers, contracts.

    Raises:
        BadPayload: a draft order, a transaction or a topic that tells no event; a resource without id.
    """
    body, headers = _opened(payload)
    if part_of_an_order(body):
        what = "a part of an order, on a line of its own"
        raise not_an_event(PLATFORM, what, "the order's line tells its money; nothing is lost")
    shop = (text(headers.get("x-shopify-shop-domain")) or "-").lower()
    topic = text(headers.get("x-shopify-topic")) or ""
    if topic in _WISHES:
        cure = "answer it by hand: `hearthline forget` erases a person"
        raise not_an_event(f"{PLATFORM}.{topic.replace('/', '_')}", "a wish about privacy", cure)
    delivery = Delivery(shop, topic, received, instant(headers.get("x-shopify-triggered-at")))
    if topic in _CONSENTS and body:
        yield from read_consent(body, delivery)
        return
    found = _resources(body, topic)
    if not found and topic:
        raise not_an_event(PLATFORM, "the topic tells no event", "subscribe to orders and refunds")
    if not found:
        raise unreadable(PLATFORM, "no Shopify resource", body, "send an order, refund or checkout")
    yield from each(found, lambda item: _read_one(item["kind"], item["value"], delivery))


def _read_one(kind: str, item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    if kind in _REFUSED:
        raise not_an_event(f"{PLATFORM}.{kind}", _REFUSED[kind], "send the order")
    if delivery.topic.endswith("/delete"):
        return read_deleted(kind, item, delivery)
    return _READERS[kind](item, delivery)


def _resources(body: dict[str, Any], topic: str) -> list[dict[str, Any]]:
    """Return the resources as `{"kind": ..., "value": ...}`, whether wrapped, listed or bare."""
    if nodes := nodes_of(body):
        return [{"kind": "order", "value": webhook_form(node)} for node in nodes]
    for name in _KINDS if len(body) <= 3 else ():
        items = [body[name]] if mapping(body.get(name)) else mappings(body.get(f"{name}s"))
        if any(_is_one(name, item) for item in items):
            return [{"kind": name, "value": item} for item in items]
    told = topic.split("/", maxsplit=1)[0].removesuffix("s")
    kind = told if told in _KINDS else _kind_of(body)
    return [{"kind": kind, "value": body}] if kind and body else []


def _is_one(kind: str, item: dict[str, Any]) -> bool:
    """Return whether a wrapped item is Shopify's: other platforms have orders and customers too."""
    return kind == _kind_of(item) or (_MARKS[kind] <= item.keys() and _OTHERS.isdisjoint(item))


# Fields of other shops' orders, some of which name Shopify's order.
_OTHERS = frozenset(("external_order_id", "shopify_order_id", "charge_id", "order_key"))
_OTHERS |= {"date_created", "date_created_gmt", "view_order_url", "total_line_items_quantity"}

_MARKS: dict[str, frozenset[str]] = {
    "order": frozenset(("id", "line_items")),
    "refund": frozenset(("id", "order_id", "transactions")),
    "checkout": frozenset(("token", "line_items")),
    "cart": frozenset(("token", "line_items")),
    "customer": frozenset(("id", "addresses", "default_address")),
    "fulfillment": frozenset(("id", "order_id", "tracking_company")),
    "subscription_contract": frozenset(("id", "billing_policy")),
    "subscription_billing_attempt": frozenset(("id", "subscription_contract_id")),
    "draft_order": frozenset(("id", "line_items")),
    "order_edit": frozenset(("id", "order_id", "line_items")),
    "transaction": frozenset(("id", "order_id", "gateway")),
}


def _kind_of(body: dict[str, Any]) -> str | None:
    """Return which resource a bare body is, by fields that only that resource has."""
    graph = text(body.get("admin_graphql_api_id")) or ""
    if graph.startswith("gid://shopify/"):
        return _GRAPH_NAMES.get(graph.removeprefix("gid://shopify/").split("/")[0])
    return _kind_with_lines(body) if "line_items" in body else _kind_without_lines(body)


def _kind_with_lines(body: dict[str, Any]) -> str | None:
    if "financial_status" in body or ("order_number" in body and "name" in body):
        return "order"
    if "abandoned_checkout_url" in body or ("cart_token" in body and "token" in body):
        return "checkout"
    if "invoice_url" in body and "status" in body:
        return "draft_order"
    if "order_id" in body and "tracking_company" in body:
        return "fulfillment"
    return "cart" if "token" in body and "updated_at" in body else None


def _kind_without_lines(body: dict[str, Any]) -> str | None:
    if "order_id" in body and "refund_line_items" in body:
        return "refund"
    if "order_id" in body and "gateway" in body and "kind" in body:
        return "transaction"
    return "customer" if "verified_email" in body and "orders_count" in body else None


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a webhook; while an app's secret is rotated, either of the two fits.

    Raises:
        Unproven: the signature fits no secret of the account.
    """
    secrets = one_secret(account, PLATFORM)
    key = signed_by(secrets, sent.body, sent.headers.get("x-shopify-hmac-sha256"), spelling="base64")
    if key is None:
        raise Unproven(PLATFORM, "X-Shopify-Hmac-Sha256 fits no secret", "set the app's client secret")
    return Proof(scheme="hmac-sha256", key_id=key)
