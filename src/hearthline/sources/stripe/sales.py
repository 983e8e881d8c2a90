"""What Stripe tells of sales: invoices, checkout sessions, payments and refunds."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from hearthline.schema.event import Automation, Commerce, Event, Initiator, Modality, Product
from hearthline.sources import currency, mapping, mappings, money, text, whole, within, word
from hearthline.sources.stripe.amounts import amount_of
from hearthline.sources.stripe.message import Message, acting, reference, subscribed

__all__ = ["read_invoice", "read_invoice_payment", "read_payment", "read_refund", "read_session"]

_PAID = frozenset(("invoice.paid", "invoice.payment_succeeded"))
_COMPLETED = frozenset(("checkout.session.completed", "checkout.session.async_payment_succeeded"))
_SETTLED = frozenset(("paid", "no_payment_required"))


def read_invoice(message: Message) -> Iterator[Event]:
    """Yield the order that a paid invoice is; any other state of an invoice is no order."""
    item = message.item
    if not (message.kind in _PAID or (not message.kind and text(item.get("status")) == "paid")):
        told = message.kind.removeprefix("invoice.") or item.get("status")
        subscription = _subscription(item)
        yield message.event(
            f"commerce.invoice.{word(told, 'listed')}",
            "state",
            automation=subscribed(subscription, None) if subscription else Automation(),
            commerce=Commerce(subscription=subscription),
        )
        return
    automation, initiator, modality = _who_renewed(message)
    yield message.event(
        "commerce.order.placed",
        "paid",
        within(item, "status_transitions", "paid_at"),
        stage="purchase",
        modality=modality,
        initiator=initiator,
        automation=automation,
        commerce=_invoiced(message, automation.ref_id),
    )


def read_invoice_payment(message: Message) -> Iterator[Event]:
    """Yield that a payment paid an invoice, or not yet; the invoice itself is the order."""
    item = message.item
    state = word(item.get("status") or message.kind.rpartition(".")[2], "listed")
    paid = state == "paid"
    yield message.event(
        f"commerce.invoice_payment.{state}",
        "payment",
        within(item, "status_transitions", "paid_at"),
        stage="post_purchase" if paid else "none",
        commerce=Commerce(
            action="paid" if paid else None,
            order=message.order(item.get("invoice")),
            total=message.amount("amount_paid") if paid else message.amount("amount_requested"),
            currency=currency(item.get("currency")),
        ),
    )


def _who_renewed(message: Message) -> tuple[Automation, Initiator, Modality]:
    """Return who set the invoice off, by its `billing_reason`."""
    item = message.item
    reason, subscription = text(item.get("billing_reason")) or "", _subscription(item)
    own = mapping(item.get("metadata"))
    for path in (("subscription_details",), ("parent", "subscription_details")):
        own = mapping(within(item, *path, "metadata")) | own
    cycle = whole(own.get("automation_cycle")) or whole(own.get("cycle"))
    if reason == "subscription_cycle":
        scheduled = Initiator(kind="scheduled", evidence="billing_reason")
        return subscribed(subscription, "act", cycle), scheduled, "automated"
    if reason == "subscription_threshold":
        machine = Initiator(kind="machine", evidence="billing_reason")
        return subscribed(subscription, "act", cycle), machine, "automated"
    if reason == "subscription_create":
        human = Initiator(kind="human", evidence="billing_reason")
        return subscribed(subscription, "enrol"), human, "screen"
    if subscription:
        return subscribed(subscription, None), Initiator(), "unknown"
    automation, initiator = acting(message.planted)
    return automation, initiator, "automated" if automation.role == "act" else "unknown"


def _subscription(item: dict[str, Any]) -> str | None:
    """Return the subscription's id, where the API of the invoice's version keeps it."""
    found = reference(item.get("subscription")) or reference(
        within(item, "parent", "subscription_details", "subscription")
    )
    for line in mappings(within(item, "lines", "data")):
        inside = within(line, "parent", "subscription_item_details", "subscription")
        found = found or reference(line.get("subscription")) or reference(inside)
    return found


def _invoiced(message: Message, subscription: str | None) -> Commerce:
    item = message.item
    total, shipping = message.amount("total"), message.amount("shipping_cost", "amount_subtotal")
    tax = message.amount("tax") or _taxes(message)
    net = message.amount("total_excluding_tax")
    if net is None and total is not None:
        net = total - (tax or Decimal(0))
    if net is not None:
        net -= shipping or Decimal(0)
    return Commerce(
        action="placed",
        order=message.order(),
        subscription=subscription,
        total=total,
        revenue=net,
        tax=tax,
        shipping=shipping,
        currency=currency(item.get("currency")),
        value_known=net is not None,
        products=_lines(message, mappings(within(item, "lines", "data"))),
    )


def _taxes(message: Message) -> Decimal | None:
    lines = mappings(message.item.get("total_taxes")) or mappings(message.item.get("total_tax_amounts"))
    amounts = [amount_of(line.get("amount"), message.item.get("currency")) for line in lines]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _lines(message: Message, lines: list[dict[str, Any]]) -> list[Product] | None:
    code = message.item.get("currency")
    return [
        Product(
            product_id=reference(within(line, "price", "product"))
            or reference(within(line, "pricing", "price_details", "product"))
            or reference(within(line, "plan", "product")),
            sku=reference(line.get("price")) or text(within(line, "pricing", "price_details", "price")),
            name=text(line.get("description")),
            quantity=money(line.get("quantity")),
            price=_price(line, code),
        )
        for line in lines
    ] or None


def _price(line: dict[str, Any], code: object) -> Decimal | None:
    """Return the price of one, where the API of the line's version keeps it, else its part of the line."""
    units = (
        within(line, "price", "unit_amount"),
        within(line, "pricing", "unit_amount_decimal"),
        within(line, "plan", "amount"),
    )
    known = next((amount for unit in units if (amount := amount_of(unit, code)) is not None), None)
    whole_line, quantity = amount_of(line.get("amount"), code), money(line.get("quantity"))
    if known is None and whole_line is not None and quantity:
        return money(whole_line / quantity)
    return known


def read_session(message: Message) -> Iterator[Event]:
    """Yield what a checkout session came to: an order, the start of a subscription, or nothing yet."""
    item = message.item
    done = message.kind in _COMPLETED or (not message.kind and text(item.get("status")) == "complete")
    visitor = Initiator(kind="human", evidence="object")
    subscription = reference(item.get("subscription"))
    if not done:
        ended = message.kind.endswith(("expired", "failed")) or text(item.get("status")) == "expired"
        action = "expired" if ended else "started"
        yield message.event(
            f"commerce.checkout.{action}",
            action,
            stage="purchase",
            modality="screen",
            initiator=Initiator() if ended else visitor,
            commerce=_bought(message, "checkout"),
        )
        return
    paid = text(item.get("payment_status")) in _SETTLED
    # The invoice of a subscription is its order; here it only tells that the customer enrolled.
    sold = paid and text(item.get("mode")) != "subscription" and text(item.get("mode")) != "setup"
    yield message.event(
        "commerce.order.placed" if sold else "commerce.checkout.completed",
        "completed",
        stage="purchase",
        modality="screen",
        initiator=visitor,
        automation=subscribed(subscription, "enrol") if subscription else Automation(),
        commerce=_bought(message, "placed" if sold else "checkout"),
    )


def _bought(message: Message, action: Literal["placed", "checkout"]) -> Commerce:
    item = message.item
    total, tax = message.amount("amount_total"), message.amount("total_details", "amount_tax")
    shipping = message.amount("total_details", "amount_shipping")
    net = None if total is None else total - (tax or Decimal(0)) - (shipping or Decimal(0))
    return Commerce(
        action=action,
        order=message.order(item.get("payment_intent")) if action == "placed" else None,
        checkout=text(item.get("id")),
        subscription=reference(item.get("subscription")),
        total=total,
        revenue=net,
        tax=tax,
        shipping=shipping,
        discount=message.amount("total_details", "amount_discount"),
        currency=currency(item.get("currency")),
        value_known=net is not None if action == "placed" else None,
        products=_lines(message, mappings(within(item, "line_items", "data"))),
    )


def read_payment(message: Message) -> Iterator[Event]:
    """Yield the state of a payment (intent or charge); what was given back comes as a refund."""
    item = message.item
    order = message.order(item.get("invoice"), item.get("payment_intent"))
    if message.kind == "charge.refunded":
        earlier = within(message.envelope, "data", "previous_attributes", "amount_refunded")
        yield _refund(message, order, _less(item.get("amount_refunded"), earlier))
        return
    action = word(message.kind.rpartition(".")[2] or item.get("status"), "listed")
    if action == "succeeded" and item.get("captured") is False:
        action = "authorised"  # money that is held, and may still be let go
    succeeded = action == "succeeded"
    automation, initiator = acting(message.planted)
    yield message.event(
        f"commerce.payment.{action}",
        "payment",
        stage="post_purchase" if succeeded else "none",
        initiator=initiator,
        automation=automation,
        commerce=Commerce(
            action="paid" if succeeded else None,
            order=order,
            total=message.amount("amount_received") or message.amount("amount"),
            currency=currency(item.get("currency")),
        ),
    )
    if not message.kind and whole(item.get("amount_refunded")):
        yield _refund(message, order, item.get("amount_refunded"))


def _less(after: object, before: object) -> object:
    """Return what was given back this time: Stripe tells the sum of all refunds so far."""
    now, earlier = whole(after), whole(before)
    return after if now is None or earlier is None else now - earlier


def _refund(message: Message, order: str, minor: object) -> Event:
    # Stripe does not split a refund into goods, tax and shipping: the whole counts against the order.
    given = amount_of(minor, message.item.get("currency"))
    return message.event(
        "commerce.order.refunded",
        "refunded",
        stage="post_purchase",
        commerce=Commerce(
            action="refunded",
            order=order,
            refund_of=order,
            revenue=given,
            total=given,
            currency=currency(message.item.get("currency")),
            value_known=given is not None,
        ),
    )


def read_refund(message: Message) -> Iterator[Event]:
    """Yield a refund; inside an envelope it only follows `charge.refunded`, which is the one counted."""
    item = message.item
    order = message.order(item.get("payment_intent"), item.get("charge"))
    if not message.kind and text(item.get("status")) == "succeeded":
        yield _refund(message, order, item.get("amount"))
        return
    state = word(item.get("status") or message.kind.rpartition(".")[2], "listed")
    yield message.event(
        f"commerce.refund.{state}", "refund", stage="post_purchase", commerce=Commerce(order=order)
    )
