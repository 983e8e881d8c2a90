"""WooCommerce: orders, refunds and subscriptions of a WordPress shop; REST APIs, old and new, webhooks.

An order is a snapshot: it yields its placement, its cancellation and its refunds, each with an id of its
own. Net revenue is the sum of its lines after discounts, which WooCommerce gives without tax.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from hearthline.schema.errors import Unproven
from hearthline.schema.event import (
    Automation,
    Commerce,
    Event,
    Hint,
    Identifier,
    Initiator,
    Modality,
    Product,
    Raw,
    Touch,
)
from hearthline.sources import (
    Account,
    Answer,
    Payload,
    Proof,
    Reply,
    Sent,
    address_hint,
    currency,
    each,
    identified,
    instant,
    mapping,
    mappings,
    money,
    not_an_event,
    one_secret,
    opened,
    planted,
    signed_by,
    text,
    unreadable,
    within,
    word,
)

__all__ = ["read", "recognises", "reply", "verify"]

PLATFORM = "woocommerce"
TITLE = "WooCommerce"
LAYER: Literal["commerce"] = "commerce"
TRANSPORTS: tuple[Literal["webhook", "pull", "file"], ...] = ("webhook", "pull", "file")
PROOF = "X-WC-Webhook-Signature: base64 HMAC-SHA256 of the body with the webhook's secret"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://woocommerce.github.io/woocommerce-rest-api-docs/"
HEADERS = ("x-wc-webhook-topic", "x-wc-webhook-source")

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_SOLD = ("processing", "completed", "on-hold", "refunded", "cancelled")
_UNSOLD = frozenset(("pending", "failed", "checkout-draft", "auto-draft", "draft", "trash"))
_ENDED = ("cancelled", "expired", "switched", "trash")
_NOT_YET = frozenset(("pending", "draft", "auto-draft", "checkout-draft"))
_BY_HAND = ("checkout", "store-api", "admin")
_PING = re.compile(rb"webhook_id=\d+")


# Of the API before WordPress's own (`/wc-api/v1` to `/v3`) the last two; `order_key` came with its successor.
_ORDERS = frozenset(("order_key", "view_order_url", "total_line_items_quantity"))


class _Delivery(NamedTuple):
    """What a resource came with: the shop's host, the action of the topic, our own clock."""

    shop: str
    action: str
    received: datetime


def recognises(payload: Payload) -> bool:
    """Return whether this is an order, refund or subscription of WooCommerce's, or one of its webhooks.

    >>> recognises({"id": 1, "order_key": "wc_order_1", "line_items": [], "billing": {}})
    True
    """
    body, headers = opened(payload)
    return "x-wc-webhook-topic" in headers or _kind(body) is not None or _kind(_first(body)) is not None


def _first(body: dict[str, Any]) -> dict[str, Any]:
    """Return the first of orders that lie in an `orders` list, as the older API wraps them."""
    wrapped = mappings(body.get("orders")) or [mapping(body.get("order"))]
    return wrapped[0] if wrapped else {}


def _kind(body: dict[str, Any]) -> str | None:
    if "billing_period" in body and "billing_interval" in body:
        return "subscription"
    if "line_items" in body and not _ORDERS.isdisjoint(body):
        return "order"
    if "line_items" in body and "date_created" in body and isinstance(body.get("billing"), dict):
        return "order"
    if "refunded_by" in body and "amount" in body:
        return "refund"
    return "customer" if "is_paying_customer" in body and "billing" in body else None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield what a resource tells.

    Raises:
        BadPayload: the ping of a new webhook; a topic that tells no event; no resource.
    """
    body, headers = opened(payload)
    shop = _host_of(text(headers.get("x-wc-webhook-source"))) or _host(body) or _host(_first(body))
    topic = (text(headers.get("x-wc-webhook-topic")) or "").lower()
    delivery = _Delivery(shop or "-", topic.partition(".")[2], received)
    items = mappings(body.get("orders")) or [mapping(body.get("order")) or body]
    if all(_kind(item) is None for item in items):
        if topic or "webhook_id" in body:
            raise not_an_event(PLATFORM, "the topic tells no event", "send orders and subscriptions")
        raise unreadable(PLATFORM, "no order, refund or subscription", body, "send the resource whole")
    yield from each(items, lambda item: _READERS[_kind(item) or "order"](item, delivery))


def _host(body: dict[str, Any]) -> str | None:
    """Return the shop's host by the resource's own address."""
    for link in mappings(within(body, "_links", "self")):
        found = _host_of(text(link.get("href")))
        if found:
            return found
    return _host_of(text(body.get("view_order_url")))


def _host_of(url: str | None) -> str | None:
    """Return the host of an address, None where it is none.

    >>> _host_of("https://shop.example.com/wp-json"), _host_of("https://shop.example.]com/")
    ('shop.example.com', None)
    """
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


# The old API documents these as UTC.
_OLD_CLOCKS = {"date_created": "created_at", "date_modified": "updated_at"}


def _clock(item: dict[str, Any], name: str) -> datetime | None:
    """Return a time: the one in UTC; the shop's local time without a zone is not taken for it."""
    return instant(item.get(f"{name}_gmt")) or instant(item.get(_OLD_CLOCKS.get(name, "")))


class _Clues(NamedTuple):
    initiator: Initiator = Initiator()
    modality: Modality = "unknown"
    automation: Automation = Automation()


def _order(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield the order's placement, change, cancellation and refunds; an unpaid one is none yet."""
    order = _native("order", item)
    status = (text(item.get("status")) or "").lower()
    placed = _clock(item, "date_created")
    clues = _clues(item)
    if status and status not in _SOLD and not _paid_for(item, status):
        name = word(status.removeprefix("checkout-"), "started")
        yield _event(
            f"commerce.checkout.{name}", item, placed, delivery, id=f"order/{order}/{name}",
            subject=order, stage="purchase", initiator=clues.initiator, modality=clues.modality,
            commerce=_money(item, order, "checkout"),
        )  # fmt: skip
        return
    yield _event(
        "commerce.order.placed", item, placed, delivery, id=f"order/{order}/placed", subject=order,
        stage="purchase", initiator=clues.initiator, modality=clues.modality, automation=clues.automation,
        touch=_arrival(item), commerce=_money(item, order, "placed"),
    )  # fmt: skip
    changed = _clock(item, "date_modified")
    if status == "cancelled":
        yield _event(
            "commerce.order.cancelled", item, changed, delivery, id=f"order/{order}/cancelled", subject=order,
            stage="post_purchase", commerce=_money(item, order, "cancelled"),
        )  # fmt: skip
    elif delivery.action == "updated" and changed is not None and changed != placed:
        yield _event(
            "commerce.order.updated", item, changed, delivery,
            id=f"order/{order}/updated/{changed.isoformat()}", subject=order,
            stage="post_purchase", commerce=_money(item, order, "updated"),
        )  # fmt: skip
    for refund in mappings(item.get("refunds")):
        yield _given_back(item, order, refund, changed, delivery)


def _paid_for(item: dict[str, Any], status: str) -> bool:
    """Return whether an order in a status of the shop's own (`shipped`) is a sale: once it is paid for."""
    if status in _UNSOLD:
        return False
    paid = instant(item.get("date_paid_gmt")) or instant(item.get("date_paid"))
    return paid is not None or within(item, "payment_details", "paid") is True


def _given_back(
    item: dict[str, Any], order: str, refund: dict[str, Any], time: datetime | None, delivery: _Delivery
) -> Event:
    amount = money(refund.get("total")) or money(refund.get("amount"))
    given = None if amount is None else abs(amount)
    # A refund in its order has one sum, tax included; its own resource has lines without tax.
    goods = _sum_of(refund, "line_items", "total")
    if goods is None and given is not None:
        beside = [_sum_of(refund, name, "total", "total_tax") for name in ("shipping_lines", "fee_lines")]
        goods = max(given - sum((b for b in beside if b is not None), Decimal(0)), Decimal(0))
    native = text(refund.get("id")) or f"{order}-{given}"
    return _event(
        "commerce.order.refunded",
        item,
        instant(refund.get("date_created_gmt")) or time,
        delivery,
        id=f"refund/{native}",
        subject=order,
        stage="post_purchase",
        commerce=Commerce(
            action="refunded",
            order=order,
            refund_of=order,
            revenue=goods,
            total=given,
            currency=currency(item.get("currency")),
            value_known=given is not None,
        ),
    )


def _sum_of(refund: dict[str, Any], lines: str, *fields: str) -> Decimal | None:
    """Return what the lines give back, as a positive amount; None where there is no line with an amount."""
    found = [
        m for line in mappings(refund.get(lines)) for f in fields if (m := money(line.get(f))) is not None
    ]
    return sum((abs(m) for m in found), Decimal(0)) if found else None


_PARENT = re.compile(r"/orders/(\d+)(?:/|$)")


def _refund(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield a refund that comes by itself; its address, or `parent_id`, names the order."""
    order = _parent(item, "up", "self") or text(item.get("order_id"))
    if order is None:
        raise unreadable(f"{PLATFORM}.refund", "no order's id", item, "send it with its '_links'")
    yield _given_back(item, order, item, None, delivery)


def _parent(item: dict[str, Any], *links: str) -> str | None:
    """Return the order that a resource belongs to: by `parent_id` (0 is none), else by these links."""
    named = text(item.get("parent_id"))
    if named is not None and named != "0":
        return named
    places = [link for name in links for link in mappings(within(item, "_links", name))]
    found = [_PARENT.search(text(link.get("href")) or "") for link in places]
    return next((match.group(1) for match in found if match), None)


def _subscription(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield the enrolment (every snapshot repeats it), and a change or the end; an unpaid one is none yet."""
    native = _native("subscription", item)
    status = (text(item.get("status")) or "").lower()
    block = Commerce(
        order=_parent(item, "up"),
        subscription=native,
        currency=currency(item.get("currency")),
        products=_products(item),
    )
    started = instant(item.get("start_date_gmt")) or _clock(item, "date_created")
    if status in _NOT_YET and instant(item.get("last_payment_date_gmt")) is None:
        name = word(status, "pending")
        yield _event(
            f"commerce.subscription.{name}", item, _clock(item, "date_created") or started, delivery,
            id=f"subscription/{native}/{name}", subject=native, commerce=block,
        )  # fmt: skip
        return
    yield _event(
        "commerce.subscription.created", item, started, delivery, id=f"subscription/{native}/created",
        subject=native, stage="purchase", initiator=Initiator(kind="human", evidence="start_date_gmt"),
        automation=_standing(native, "enrol"), commerce=block,
    )  # fmt: skip
    ended = status in _ENDED or delivery.action == "deleted"
    changed = instant(item.get("end_date_gmt")) if ended else None
    changed = changed or instant(item.get("cancelled_date_gmt")) or _clock(item, "date_modified")
    if ended or (delivery.action == "updated" and changed != started):
        action = "ended" if ended else "updated"
        yield _event(
            f"commerce.subscription.{action}", item, changed, delivery,
            id=f"subscription/{native}/{action}/{changed.isoformat() if changed else '-'}", subject=native,
            stage="post_purchase", automation=_standing(native, "end" if ended else None), commerce=block,
        )  # fmt: skip


def _customer(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield who the customer is."""
    native = _native("customer", item)
    changed = _clock(item, "date_modified") or _clock(item, "date_created")
    own = item | {
        "customer_id": native,
        "billing": mapping(item.get("billing")) | {"email": item.get("email")},
    }
    yield _event(
        f"commerce.customer.{word(delivery.action, 'updated')}", own, changed, delivery,
        id=f"customer/{native}/{changed.isoformat() if changed else '-'}", subject=native,
    )  # fmt: skip


_READERS = {"order": _order, "refund": _refund, "subscription": _subscription, "customer": _customer}


def _native(kind: str, item: dict[str, Any]) -> str:
    found = text(item.get("id"))
    if found is None:
        raise unreadable(f"{PLATFORM}.{kind}", "no 'id'", item, "send the resource whole")
    return found


def _event(
    kind: str, item: dict[str, Any], time: datetime | None, delivery: _Delivery, **fields: Any
) -> Event:
    notes = planted(_meta(item))
    return Event(
        source=f"//woocommerce/{delivery.shop}/orders",
        type=kind,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        identifiers=_people(item) + notes.identifiers,
        household_hints=_homes(item) + notes.hints,
        raw=_RAW,
        **fields,
    )


def _meta(item: dict[str, Any]) -> dict[str, Any]:
    pairs = ((text(entry.get("key")), entry.get("value")) for entry in mappings(item.get("meta_data")))
    return {key: value for key, value in pairs if key}


def _people(item: dict[str, Any]) -> tuple[Identifier, ...]:
    billing = mapping(item.get("billing")) or mapping(item.get("billing_address"))
    customer = text(item.get("customer_id"))
    return (
        identified("woocommerce.customer", None if customer == "0" else customer, authenticated=True)
        + identified("email", billing.get("email"), personal=True)
        + identified("phone", billing.get("phone"), personal=True)
    )


def _homes(item: dict[str, Any]) -> tuple[Hint, ...]:
    found: tuple[Hint, ...] = ()
    for name in ("shipping", "billing", "shipping_address", "billing_address"):
        place = mapping(item.get(name))
        spelled = {
            "street": place.get("address_1"),
            "zip": place.get("postcode"),
            "country": place.get("country"),
        }
        found = found or address_hint(spelled)
    network = text(item.get("customer_ip_address"))
    return (*found, Hint(kind="ip", value=network, personal=True, strength=0.3)) if network else found


def _standing(reference: str | None, role: Literal["enrol", "act", "end"] | None) -> Automation:
    return Automation(
        kind="subscription",
        role=role,
        ref_system=PLATFORM if reference else None,
        ref_type="subscription" if reference else None,
        ref_id=reference,
    )


def _clues(item: dict[str, Any]) -> _Clues:
    """Return who placed the order: the planted automation, the subscription that it renews, the checkout."""
    meta = _meta(item)
    own = planted(meta).automation
    if own is not None and own.role == "act":
        by_date = own.kind == "subscription"
        kind: Literal["scheduled", "machine"] = "scheduled" if by_date else "machine"
        return _Clues(Initiator(kind=kind, evidence="meta_data.automation_id"), "automated", own)
    renewed, created_via = (
        text(meta.get("_subscription_renewal")),
        (text(item.get("created_via")) or "").lower(),
    )
    if renewed is not None or created_via == "subscription":
        evidence = "meta_data._subscription_renewal" if renewed else "created_via"
        return _Clues(Initiator(kind="scheduled", evidence=evidence), "automated", _standing(renewed, "act"))
    if created_via in _BY_HAND:
        screen: Modality = "unknown" if created_via == "admin" else "screen"
        return _Clues(Initiator(kind="human", evidence="created_via"), screen, own or Automation())
    return _Clues(automation=own or Automation())


def _arrival(item: dict[str, Any]) -> Touch:
    """Return where WooCommerce says that the buyer came from, as a note: an order is no touch."""
    meta = _meta(item)
    told = {
        part: text(meta.get(f"_wc_order_attribution_utm_{part}")) for part in ("source", "medium", "campaign")
    }
    return Touch(source=told["source"], medium=told["medium"], campaign=told["campaign"])


def _money(
    item: dict[str, Any], order: str, action: Literal["placed", "updated", "cancelled", "checkout"]
) -> Commerce:
    lines = mappings(item.get("line_items"))
    sums = [amount for line in lines if (amount := money(line.get("total"))) is not None]
    total, tax = money(item.get("total")), money(item.get("total_tax"))
    shipping = money(item.get("shipping_total")) or money(item.get("total_shipping"))
    revenue = sum(sums, Decimal(0)) if sums else None
    coupons = mappings(item.get("coupon_lines"))
    return Commerce(
        action=action,
        order=order if action != "checkout" else None,
        checkout=order if action == "checkout" else None,
        cart=text(item.get("cart_hash")),
        total=total,
        revenue=revenue,
        tax=tax,
        shipping=shipping,
        discount=money(item.get("discount_total")) or money(item.get("total_discount")),
        currency=currency(item.get("currency")),
        coupon=text(coupons[0].get("code")) if coupons else None,
        value_known=None if action == "checkout" else revenue is not None or total is not None,
        products=_products(item),
    )


def _products(item: dict[str, Any]) -> list[Product] | None:
    return [
        Product(
            product_id=text(line.get("product_id")),
            sku=text(line.get("sku")),
            name=text(line.get("name")),
            quantity=money(line.get("quantity")),
            price=money(line.get("price")),
        )
        for line in mappings(item.get("line_items"))
    ] or None


# The door ---------------------------------------------------------------------


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a webhook; the ping of a new one is not signed, and holds nothing.

    Raises:
        Unproven: the signature fits no secret of the account.
    """
    secrets = one_secret(account, PLATFORM)
    if _PING.fullmatch(sent.body.strip()):
        return Proof(scheme="ping")
    key = signed_by(secrets, sent.body, sent.headers.get("x-wc-webhook-signature"), spelling="base64")
    if key is None:
        raise Unproven(PLATFORM, "X-WC-Webhook-Signature fits no secret", "copy the webhook's secret again")
    return Proof(scheme="hmac-sha256", key_id=key)


def reply(sent: Sent, account: Account) -> Reply | None:  # noqa: ARG001 # as the door calls it
    """Return the answer to the ping with which WooCommerce tries a new webhook."""
    return Reply(status=200, body=b"{}") if _PING.fullmatch(sent.body.strip()) else None
