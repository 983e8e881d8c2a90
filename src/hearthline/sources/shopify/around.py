"""What surrounds a Shopify order: checkouts, carts, customers, fulfilments, subscription contracts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import Automation, Commerce, Consent, Correlation, Event, Initiator
from hearthline.sources import (
    address_hint,
    identified,
    instant,
    mappings,
    money,
    planted,
    text,
    within,
)
from hearthline.sources.shopify.people import (
    RAW,
    Delivery,
    accepted,
    attributes_of,
    currency_of,
    homes_of,
    native_of,
    people_of,
    postage_of,
    product_of,
    source_of,
)

__all__ = ["read_attempt", "read_cart", "read_checkout", "read_consent", "read_contract", "read_customer"]
__all__ += ["read_deleted", "read_edit", "read_fulfillment"]

_VISITOR = Initiator(kind="human", evidence="source_name")
_CONSENTS: dict[str, Literal["granted", "denied"]] = {
    "subscribed": "granted",
    "unsubscribed": "denied",
}
_ENDS = frozenset(("cancelled", "expired", "failed"))
# What a webhook's topic says of a contract and of an attempt to bill it.
_CHANGES = {"update": "updated", "pause": "paused", "activate": "activated"}
_ENDINGS = frozenset(("cancel", "expire", "fail"))
_OUTCOMES = {"success": "billed", "failure": "billing_failed", "challenged": "billing_challenged"}


def read_checkout(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield the start of a checkout, and its completion where it has one; neither is a touch."""
    checkout = text(item.get("token")) or native_of("checkout", item)
    started, completed = instant(item.get("created_at")), instant(item.get("completed_at"))
    yield _checkout_event(item, delivery, checkout, "started", started)
    if completed is not None:
        yield _checkout_event(item, delivery, checkout, "completed", completed)


def _checkout_event(
    item: dict[str, Any],
    delivery: Delivery,
    checkout: str,
    action: Literal["started", "completed"],
    time: datetime | None,
) -> Event:
    lines = mappings(item.get("line_items"))
    notes = planted(attributes_of(item.get("note_attributes")))
    by_hand = text(item.get("source_name")) == "web"
    return Event(
        id=f"checkout/{checkout}/{action}",
        source=source_of(delivery, item),
        type=f"commerce.checkout.{action}",
        subject=checkout,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        stage="purchase",
        modality="screen" if by_hand else "unknown",
        initiator=_VISITOR if by_hand else Initiator(),
        identifiers=people_of(item) + notes.identifiers,
        household_hints=homes_of(item) + notes.hints,
        correlation=Correlation(token=text(item.get("cart_token"))),
        commerce=Commerce(
            action="checkout",
            cart=text(item.get("cart_token")),
            checkout=checkout,
            total=money(item.get("total_price")),
            revenue=money(item.get("subtotal_price")),
            tax=money(item.get("total_tax")),
            shipping=postage_of(item),
            discount=money(item.get("total_discounts")),
            currency=currency_of(item),
            products=[product_of(line) for line in lines] or None,
        ),
        consent=accepted(item.get("buyer_accepts_marketing"), "buyer_accepts_marketing"),
        raw=RAW,
    )


def read_cart(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield one event: the cart as it now is."""
    cart = text(item.get("token")) or native_of("cart", item)
    changed = instant(item.get("updated_at")) or instant(item.get("created_at"))
    notes = planted(attributes_of(item.get("attributes") or item.get("note_attributes")))
    lines = mappings(item.get("line_items")) or mappings(item.get("items"))
    yield Event(
        id=f"cart/{cart}/{changed.isoformat() if changed else 'unknown'}",
        source=source_of(delivery, item),
        type="commerce.cart.updated",
        subject=cart,
        time=changed or delivery.received,
        time_quality="platform" if changed else "received",
        time_received=delivery.received,
        layer="commerce",
        stage="consideration",
        identifiers=people_of(item) + notes.identifiers,
        household_hints=notes.hints,
        correlation=Correlation(token=cart),
        commerce=Commerce(
            cart=cart,
            currency=currency_of(item),
            products=[product_of(line) for line in lines] or None,
        ),
        raw=RAW,
    )


def read_customer(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield one event: who the customer is and what they agreed to."""
    customer = native_of("customer", item)
    created, changed = instant(item.get("created_at")), instant(item.get("updated_at"))
    time = changed or created
    new = delivery.topic == "customers/create" or (created is not None and created == changed)
    yield Event(
        id=f"customer/{customer}/{time.isoformat() if time else 'unknown'}",
        source=source_of(delivery, item),
        type=f"commerce.customer.{'created' if new else 'updated'}",
        subject=customer,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        identifiers=people_of({"customer": item}),
        household_hints=address_hint(item.get("default_address")),
        consent=_consent(item),
        raw=RAW,
    )


def _consent(item: dict[str, Any]) -> Consent:
    if text(within(item, "email_marketing_consent", "state")) is None:
        return accepted(item.get("accepts_marketing"), "accepts_marketing")
    return _answer(item, "email_marketing_consent")


def _answer(item: dict[str, Any], asked: str) -> Consent:
    """Return what was answered; not having been asked, or not having answered yet, is no answer."""
    answer = _CONSENTS.get((text(within(item, asked, "state")) or "").lower())
    return Consent(advertising=answer, source=asked) if answer else Consent()


def read_consent(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield one event: a customer said yes or no to marketing by e-mail or by text message."""
    asked = "sms_marketing_consent" if "sms_marketing_consent" in item else "email_marketing_consent"
    customer = text(item.get("customer_id")) or native_of("customer", item)
    time = instant(within(item, asked, "consent_updated_at")) or delivery.triggered
    state = text(within(item, asked, "state")) or "-"
    yield Event(
        id=f"customer/{customer}/{asked}/{state}/{time.isoformat() if time else 'unknown'}",
        source=source_of(delivery, item),
        type="commerce.consent.changed",
        subject=customer,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        identifiers=identified("shopify.customer", customer, authenticated=True)
        + identified("email", item.get("email_address"), personal=True)
        + identified("phone", item.get("phone"), personal=True),
        consent=_answer(item, asked),
        raw=RAW,
    )


def read_deleted(kind: str, item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield one event: a record was taken out of the shop, which undoes nothing that it told before."""
    native = native_of(kind, item)
    block = Commerce()
    if kind == "order":
        block = Commerce(order=native)
    elif kind == "checkout":
        block = Commerce(checkout=text(item.get("token")) or native)
    yield Event(
        id=f"{kind}/{native}/deleted",
        source=source_of(delivery, item),
        type=f"commerce.{kind}.deleted",
        subject=native,
        time=delivery.triggered or delivery.received,
        time_quality="platform" if delivery.triggered else "received",
        time_received=delivery.received,
        layer="commerce",
        identifiers=people_of({"customer": item}) if kind == "customer" else (),
        commerce=block,
        raw=RAW,
    )


def read_fulfillment(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield one event after the order: a parcel and its state."""
    parcel, order = native_of("fulfillment", item), native_of("fulfillment", item, "order_id")
    time = instant(item.get("updated_at")) or instant(item.get("created_at"))
    yield Event(
        id=f"fulfillment/{parcel}/{time.isoformat() if time else 'unknown'}",
        source=source_of(delivery, item),
        type="commerce.fulfillment.updated",
        subject=order,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        stage="post_purchase",
        commerce=Commerce(order=order),
        raw=RAW,
    )


def read_contract(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield one event: a subscription that a customer took out, changed, paused or ended."""
    contract = _last_part(text(item.get("id")) or native_of("contract", item, "admin_graphql_api_id"))
    told = delivery.topic.rpartition("/")[2]
    ended = (text(item.get("status")) or "").lower() in _ENDS or told in _ENDINGS
    new = not ended and told not in _CHANGES
    time = instant(item.get("updated_at")) or instant(item.get("created_at")) or delivery.triggered
    action = "ended" if ended else "created" if new else _CHANGES[told]
    order = text(item.get("origin_order_id"))
    yield Event(
        id=f"subscription_contract/{contract}/{action}/{text(item.get('revision_id')) or '-'}",
        source=source_of(delivery, item),
        type=f"commerce.subscription.{action}",
        subject=contract,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        stage="purchase" if new else "post_purchase",
        initiator=Initiator(kind="human", evidence="origin_order_id") if order else Initiator(),
        automation=_standing(contract, "end" if ended else "enrol" if new else None),
        identifiers=identified("shopify.customer", item.get("customer_id"), authenticated=True),
        commerce=Commerce(order=order, subscription=contract, currency=_contract_currency(item)),
        raw=RAW,
    )


def _contract_currency(item: dict[str, Any]) -> str | None:
    return currency_of(item) or currency_of({"currency": item.get("currency_code")})


def _standing(contract: str, role: Literal["enrol", "act", "end"] | None) -> Automation:
    return Automation(
        kind="subscription",
        role=role,
        ref_system="shopify",
        ref_type="subscription_contract",
        ref_id=contract,
    )


def _last_part(graph_id: str) -> str:
    return graph_id.rsplit("/", 1)[-1]


def read_attempt(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield one event: a contract was billed, which ties the order that it made to it; or was not billed."""
    # A first try that failed has no id yet; the key that the app gave it stays the same.
    given = (
        text(item.get("id")) or text(item.get("admin_graphql_api_id")) or text(item.get("idempotency_key"))
    )
    attempt = _last_part(given or native_of("attempt", item))
    contract = native_of("attempt", item, "subscription_contract_id")
    failed = text(item.get("error_code")) is not None
    outcome = _OUTCOMES.get(delivery.topic.rpartition("/")[2], "billing_failed" if failed else "billed")
    time = instant(item.get("created_at")) or instant(item.get("updated_at")) or delivery.triggered
    yield Event(
        id=f"subscription_billing_attempt/{attempt}{'' if outcome == 'billed' else f'/{outcome}'}",
        source=source_of(delivery, item),
        type=f"commerce.subscription.{outcome}",
        subject=contract,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        stage="post_purchase",
        modality="automated",
        initiator=Initiator(kind="scheduled", evidence="subscription_contract_id"),
        automation=_standing(contract, "act"),
        commerce=Commerce(order=text(item.get("order_id")), subscription=contract),
        raw=RAW,
    )


def read_edit(item: dict[str, Any], delivery: Delivery) -> Iterator[Event]:
    """Yield one event: an order was edited; its new lines and money come with the order itself."""
    edit, order = native_of("order_edit", item), native_of("order_edit", item, "order_id")
    time = instant(item.get("created_at")) or delivery.triggered
    yield Event(
        id=f"order_edit/{edit}",
        source=source_of(delivery, item),
        type="commerce.order.edited",
        subject=order,
        time=time or delivery.received,
        time_quality="platform" if time else "received",
        time_received=delivery.received,
        layer="commerce",
        stage="post_purchase",
        commerce=Commerce(order=order),
        raw=RAW,
    )
