"""Recharge: subscriptions, the charges that renew them, one-time products; API 2021-11 and 2021-01 (v1).

A paid charge is an order: of the type `recurring` a schedule placed it, of `checkout` a person who
subscribed. It takes the number of the shop's order that it became, so that it is one order with the shop's
own. Of the older API's fields those that say the same are read (`shopify_order_id`, `CHECKOUT`).
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal, NamedTuple

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
)
from hearthline.sources import (
    Account,
    Answer,
    Payload,
    Proof,
    Sent,
    address_hint,
    content_id,
    currency,
    each,
    fresh,
    identified,
    instant,
    key_id,
    mapping,
    mappings,
    money,
    not_an_event,
    one_secret,
    opened,
    signed_by,
    text,
    unreadable,
    within,
    word,
)

__all__ = ["read", "recognises", "verify"]

PLATFORM = "recharge"
TITLE = "Recharge"
LAYER: Literal["commerce"] = "commerce"
TRANSPORTS: tuple[Literal["webhook", "pull", "file"], ...] = ("webhook", "pull", "file")
PROOF = "X-Recharge-Webhook-Signature: t=,v1= HMAC-SHA256; older: SHA-256 of secret and body"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "yes",
    "price": "yes",
}
DOCS = "https://developer.rechargepayments.com/2021-11/webhooks_explained"
HEADERS = ("x-recharge-topic",)

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_WINDOW_S = 48 * 3600.0
_PAID = ("success", "paid", "refunded", "partially_refunded")
_ENDED = ("cancelled", "canceled", "expired", "deleted")
_CANCELLED = ("cancelled", "canceled")


class _Delivery(NamedTuple):
    """What a resource came with: the action of the webhook's topic, our own clock."""

    action: str
    received: datetime


def recognises(payload: Payload) -> bool:
    """Return whether this is a resource of Recharge's.

    >>> recognises({"subscription": {"id": 1, "order_interval_unit": "month", "address_id": 2}})
    True
    """
    body, headers = opened(payload)
    return "x-recharge-topic" in headers or bool(_resources(body))


def _resources(body: dict[str, Any], topic: str = "") -> list[dict[str, Any]]:
    """Return the resources as `{"kind": ..., "value": ...}`, wrapped or listed; a topic names its own."""
    told = topic.partition("/")[0]
    if told in _READERS and "id" in mapping(body.get(told)):
        return [{"kind": told, "value": body[told]}]
    for kind in _READERS:
        items = [mapping(body.get(kind))] if mapping(body.get(kind)) else mappings(body.get(f"{kind}s"))
        if any(_is_ours(kind, item) for item in items):
            return [{"kind": kind, "value": item} for item in items]
    return []


# Fields that Recharge's resources have and others' of the same name have not.
_MARKS = {
    "subscription": frozenset(
        ("order_interval_unit", "order_interval_frequency", "next_charge_scheduled_at")
    ),
    "charge": frozenset(("address_id", "scheduled_at", "shopify_order_id", "external_order_id")),
    "order": frozenset(("address_id", "address_is_active", "is_prepaid", "charge", "external_order_id")),
    "onetime": frozenset(("address_id", "next_charge_scheduled_at", "shopify_product_id")),
    "customer": frozenset(("external_customer_id", "shopify_customer_id", "subscriptions_active_count")),
    "address": frozenset(("customer_id", "payment_method_id", "shipping_lines_conserved", "order_note")),
}


def _is_ours(kind: str, item: dict[str, Any]) -> bool:
    return "id" in item and len(_MARKS[kind] & item.keys()) >= (
        1 if kind in ("subscription", "customer") else 2
    )


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield what the resources tell: enrolments, renewals, refunds, one-time products, customers.

    Raises:
        BadPayload: an address, which nobody acted on; a resource without an id; no resource.
    """
    body, headers = opened(payload)
    topic = (text(headers.get("x-recharge-topic")) or "").lower()
    found = _resources(body, topic)
    if not found and topic:
        raise not_an_event(PLATFORM, "the topic tells no event", "subscribe to subscriptions and charges")
    if not found:
        raise unreadable(PLATFORM, "no resource of Recharge's", body, "send a subscription or a charge")
    delivery = _Delivery(topic.partition("/")[2], received)
    yield from each(found, lambda item: _READERS[item["kind"]](item["value"], delivery))


def _event(kind: str, item: dict[str, Any], time: object, delivery: _Delivery, **fields: Any) -> Event:
    happened = instant(time)
    return Event(
        source="//recharge/-/subscriptions",
        type=kind,
        time=happened or delivery.received,
        time_quality="platform" if happened else "received",
        time_received=delivery.received,
        layer="commerce" if kind.startswith("commerce.") else "platform",
        identifiers=_people(item),
        household_hints=_homes(item),
        raw=_RAW,
        **fields,
    )


def _native(kind: str, item: dict[str, Any]) -> str:
    found = text(item.get("id"))
    if found is None:
        raise unreadable(f"{PLATFORM}.{kind}", "no 'id'", item, "send the resource whole")
    return found


def _people(item: dict[str, Any]) -> tuple[Identifier, ...]:
    customer = mapping(item.get("customer"))
    shop = within(customer, "external_customer_id", "ecommerce") or within(
        item, "external_customer_id", "ecommerce"
    )
    return (
        identified("recharge.customer", item.get("customer_id") or customer.get("id"), authenticated=True)
        + identified("shopify.customer", shop or item.get("shopify_customer_id"), authenticated=True)
        + identified("email", item.get("email") or customer.get("email"), personal=True)
        + identified("phone", item.get("phone") or within(item, "shipping_address", "phone"), personal=True)
    )


def _homes(item: dict[str, Any]) -> tuple[Hint, ...]:
    found = address_hint(item.get("shipping_address")) or address_hint(item.get("billing_address"))
    network = text(within(item, "client_details", "browser_ip")) or text(item.get("browser_ip"))
    return (*found, Hint(kind="ip", value=network, personal=True, strength=0.3)) if network else found


def _standing(reference: str | None, role: Literal["enrol", "act", "end"] | None) -> Automation:
    return Automation(
        kind="subscription",
        role=role,
        ref_system=PLATFORM if reference else None,
        ref_type="subscription" if reference else None,
        ref_id=reference,
    )


# Subscriptions ----------------------------------------------------------------


def _subscription(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield the enrolment (every snapshot that says when repeats it), and a change or the end."""
    native = _native("subscription", item)
    block = Commerce(subscription=native, currency=_currency(item), products=[_product(item)])
    if instant(item.get("created_at")) is not None or delivery.action in ("", "created"):
        yield _event(
            "commerce.subscription.created",
            item,
            item.get("created_at"),
            delivery,
            id=f"subscription/{native}/created",
            subject=native,
            stage="purchase",
            initiator=Initiator(kind="human", evidence="created_at"),
            automation=_standing(native, "enrol"),
            commerce=block,
        )
    ended = delivery.action in _ENDED or (text(item.get("status")) or "").lower() in _ENDED
    changed = item.get("cancelled_at") or item.get("updated_at") if ended else item.get("updated_at")
    action = "ended" if ended else delivery.action
    if not ended and action in ("", "created"):
        return
    time = instant(changed)
    yield _event(
        f"commerce.subscription.{word(action, 'updated')}",
        item,
        changed,
        delivery,
        id=f"subscription/{native}/{action}/{time.isoformat() if time else '-'}",
        subject=native,
        stage="post_purchase",
        automation=_standing(native, "end" if ended else None),
        commerce=block,
    )


def _onetime(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield that a product was put into (or taken out of) the next delivery; its charge is the order."""
    native = _native("onetime", item)
    gone = item.get("is_cancelled") is True or delivery.action in ("deleted", "cancelled")
    created, changed = instant(item.get("created_at")), instant(item.get("updated_at"))
    action = "cancelled" if gone else delivery.action or ("created" if created == changed else "updated")
    yield _event(
        f"commerce.onetime.{word(action, 'updated')}",
        item,
        item.get("updated_at") or item.get("created_at"),
        delivery,
        id=f"onetime/{native}/{(changed or created or '-')!s}",
        subject=native,
        stage="consideration",
        commerce=Commerce(currency=_currency(item), products=[_product(item)]),
    )


# Charges and orders -----------------------------------------------------------


def _charge(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield the order that a paid charge is, and what was paid back; any other state is no order."""
    native = _native("charge", item)
    status = (text(item.get("status")) or delivery.action).lower()
    if status not in _PAID and delivery.action not in ("paid", "refunded"):
        yield _event(
            f"commerce.charge.{word(delivery.action or status, 'listed')}",
            item,
            item.get("updated_at") or item.get("created_at"),
            delivery,
            id=f"charge/{native}/{delivery.action or status or '-'}",
            subject=native,
        )
        return
    yield from _sale(item, native, delivery)
    # A running total: one refund a charge, of which the largest sum is the one that counts.
    refunded = money(item.get("total_refunds"))
    if refunded:
        order = _shop_order(item) or native
        yield _event(
            f"{_layer(item)}.order.refunded",
            item,
            item.get("updated_at"),
            delivery,
            id=f"charge/{native}/refunded",
            subject=order,
            stage="post_purchase",
            commerce=Commerce(
                action="refunded",
                order=order,
                refund_of=order,
                revenue=refunded,
                total=refunded,
                currency=_currency(item),
                value_known=True,
            ),
        )


def _order(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield the order, under the number of its charge or of the shop's own order, or that it was cancelled.

    One that waits for its day, failed or was deleted is no order: its charge tells what was paid.
    """
    native = _native("order", item)
    charge = text(item.get("charge_id")) or text(within(item, "charge", "id")) or native
    processed = instant(item.get("processed_at")) is not None
    told = "deleted" if delivery.action == "deleted" else (text(item.get("status")) or "").lower()
    cancelled = told in _CANCELLED or delivery.action in _CANCELLED
    if not cancelled and (told in _PAID or (not told and processed)):
        yield from _sale(item, charge, delivery)
        return
    state = "cancelled" if cancelled else word(told or delivery.action, "listed")
    # Of a prepaid charge one delivery of several was cancelled: the others are still to come.
    undone = cancelled and processed and item.get("is_prepaid") is not True
    order = _shop_order(item) or charge
    yield _event(
        f"{_layer(item)}.order.{state}",
        item,
        item.get("cancelled_at") or item.get("updated_at") or item.get("created_at"),
        delivery,
        id=f"order/{native}/{state}",
        subject=order,
        stage="post_purchase" if undone else "none",
        commerce=Commerce(action="cancelled", order=order) if undone else Commerce(),
    )


def _layer(item: dict[str, Any]) -> str:
    """Return the layer of an order: one that the shop tells itself is only repeated here."""
    return "platform" if _shop_order(item) else "commerce"


def _shop_order(item: dict[str, Any]) -> str | None:
    return text(within(item, "external_order_id", "ecommerce")) or text(item.get("shopify_order_id"))


def _sale(item: dict[str, Any], charge: str, delivery: _Delivery) -> Iterator[Event]:
    order = _shop_order(item) or charge
    lines = mappings(item.get("line_items"))
    standing = next((s for line in lines if (s := _subscription_of(line))), None)
    kind = (text(item.get("type")) or "").lower()
    initiator, automation, modality = Initiator(), Automation(), "unknown"
    if kind == "recurring":
        initiator = Initiator(kind="scheduled", evidence="type")
        automation, modality = _standing(standing, "act"), "automated"
    elif kind == "checkout":
        initiator = Initiator(kind="human", evidence="type")
        automation, modality = (_standing(standing, "enrol") if standing else Automation()), "screen"
    yield _event(
        f"{_layer(item)}.order.{'placed' if _layer(item) == 'commerce' else 'completed'}",
        item,
        item.get("processed_at") or item.get("created_at"),
        delivery,
        id=f"charge/{charge}/paid",
        subject=order,
        stage="purchase",
        initiator=initiator,
        automation=automation,
        modality=_as_modality(modality),
        commerce=_money(item, order, lines, standing),
    )


def _as_modality(spelled: str) -> Modality:
    return "automated" if spelled == "automated" else "screen" if spelled == "screen" else "unknown"


def _money(item: dict[str, Any], order: str, lines: list[dict[str, Any]], standing: str | None) -> Commerce:
    """Return the money: the subtotal is after discounts, less any tax in it; else the total less the rest."""
    total, tax, discount = (money(item.get(k)) for k in ("total_price", "total_tax", "total_discounts"))
    posted = [amount for line in mappings(item.get("shipping_lines")) if (amount := money(line.get("price")))]
    shipping = sum(posted, Decimal(0)) if posted or "shipping_lines" in item else None
    revenue = money(item.get("subtotal_price"))
    if revenue is not None and item.get("taxes_included") is True:
        revenue -= _tax_inside(lines, tax)
    if revenue is None and None not in (total, shipping):
        revenue = total - (tax or Decimal(0)) - shipping  # type: ignore[operator]  # the line above says so
    codes = mappings(item.get("discounts")) or mappings(item.get("discount_codes"))
    return Commerce(
        action="placed",
        order=order,
        subscription=standing,
        total=total,
        revenue=revenue,
        tax=tax,
        shipping=shipping,
        discount=discount,
        currency=_currency(item),
        coupon=text(codes[0].get("code")) if codes else None,
        value_known=revenue is not None or total is not None,
        products=[_product(line) for line in lines] or None,
    )


def _tax_inside(lines: list[dict[str, Any]], whole: Decimal | None) -> Decimal:
    """Return the tax inside the lines' prices; the whole tax where the lines do not tell theirs."""
    parts = [money(part.get("price")) for line in lines for part in mappings(line.get("tax_lines"))]
    told = parts or [money(line.get("tax_due")) for line in lines]
    known = [amount for amount in told if amount is not None]
    return sum(known, Decimal(0)) if known else whole or Decimal(0)


def _subscription_of(line: dict[str, Any]) -> str | None:
    """Return the subscription that a line renews; of a one-time line there is none."""
    if (
        text(line.get("purchase_item_type")) or text(line.get("type")) or "subscription"
    ).lower() == "onetime":
        return None
    return text(line.get("purchase_item_id")) or text(line.get("subscription_id"))


def _currency(item: dict[str, Any]) -> str | None:
    return currency(item.get("currency")) or currency(item.get("presentment_currency"))


def _product(line: dict[str, Any]) -> Product:
    product = within(line, "external_product_id", "ecommerce") or line.get("shopify_product_id")
    return Product(
        product_id=text(product),
        sku=text(line.get("sku")),
        name=text(line.get("title")) or text(line.get("product_title")),
        quantity=money(line.get("quantity")),
        price=money(line.get("unit_price")) or money(line.get("price")),
    )


def _customer(item: dict[str, Any], delivery: _Delivery) -> Iterator[Event]:
    """Yield who the customer is, here and in the shop."""
    native = _native("customer", item)
    changed = instant(item.get("updated_at")) or instant(item.get("created_at"))
    own = item | {"customer_id": native}
    yield _event(
        f"commerce.customer.{word(delivery.action, 'updated')}",
        own | {"shipping_address": item},
        item.get("updated_at") or item.get("created_at"),
        delivery,
        id=f"customer/{native}/{changed.isoformat() if changed else content_id(PLATFORM, item)}",
        subject=native,
    )


def _address(_item: dict[str, Any], _delivery: _Delivery) -> Iterator[Event]:
    raise not_an_event(f"{PLATFORM}.address", "an address is kept, and comes again with its charges")


_READERS: dict[str, Callable[[dict[str, Any], _Delivery], Iterator[Event]]] = {
    "subscription": _subscription,
    "charge": _charge,
    "order": _order,
    "onetime": _onetime,
    "customer": _customer,
    "address": _address,
}


# The door ---------------------------------------------------------------------


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a webhook: by the signature that covers its time, else by the older one.

    The older one is called Hmac and is none: it is the SHA-256 of the client secret followed by the body.

    Raises:
        Unproven: neither fits a secret, or the newer was made more than two days ago.
    """
    secrets = one_secret(account, PLATFORM)
    told = sent.headers.get("x-recharge-webhook-signature")
    if told is None:
        return _by_hash(secrets, sent)
    parts = dict(part.strip().partition("=")[::2] for part in told.split(","))
    stamp = parts.get("t", "")
    key = signed_by(secrets, stamp.encode() + b"." + sent.body, parts.get("v1"))
    if key is None:
        raise Unproven(PLATFORM, "the signature fits no secret", "set the API client's secret, not its token")
    fresh(instant(stamp), sent.received, _WINDOW_S, PLATFORM)
    return Proof(scheme="hmac-sha256", key_id=key)


def _by_hash(secrets: tuple[str, ...], sent: Sent) -> Proof:
    given = sent.headers.get("x-recharge-hmac-sha256", "").lower().encode("ascii", "replace")
    found = None
    for secret in secrets:
        made = sha256(secret.encode() + sent.body).hexdigest().encode()
        if hmac.compare_digest(made, given):
            found = key_id(secret)
    if found is None:
        raise Unproven(PLATFORM, "the signature fits no secret", "set the API client's secret, not its token")
    return Proof(scheme="sha256-of-secret-and-body", key_id=found)
