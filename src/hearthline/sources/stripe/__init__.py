"""Stripe: subscriptions, invoices, checkout sessions, payments, refunds, customers.

Webhooks come in an event's envelope; exports hold bare objects. The invoice of a subscription is the
order: its `billing_reason` tells a customer's first one from a renewal, which a schedule placed.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.errors import Unproven
from hearthline.schema.event import Commerce, Event, Initiator
from hearthline.sources import (
    Account,
    Payload,
    Proof,
    Sent,
    currency,
    each,
    fresh,
    instant,
    mapping,
    mappings,
    not_an_event,
    one_secret,
    opened,
    signed_by,
    text,
    unreadable,
    within,
    word,
)
from hearthline.sources.stripe.message import Message, subscribed
from hearthline.sources.stripe.sales import (
    read_invoice,
    read_invoice_payment,
    read_payment,
    read_refund,
    read_session,
)

PLATFORM = "stripe"
TITLE = "Stripe"
LAYER: Literal["commerce"] = "commerce"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "pull", "file")
PROOF = "Stripe-Signature: HMAC-SHA256 of time and body with the endpoint's secret, within 5 minutes"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://docs.stripe.com/api/events/object"

_WINDOW_S = 300.0
_REFUSED = {
    "plan": "a plan is in the catalogue; nobody bought it yet",
    "price": "a price is in the catalogue; nobody bought it yet",
    "product": "a product is in the catalogue; nobody bought it yet",
    "coupon": "a coupon is an offer",
    "promotion_code": "a promotion code is an offer",
    "payout": "a payout moves the shop's own money",
    "balance": "a balance is the shop's own money",
    "balance_transaction": "a balance transaction moves the shop's own money",
    "account": "an account is the shop's own",
    "payment_method": "a payment method is kept, not used",
    "setup_intent": "a set-up keeps a payment method, and buys nothing",
    "invoiceitem": "an invoice item comes again on its invoice",
    "line_item": "a line comes again on its invoice",
    "transfer": "a transfer moves the shop's own money",
    "tax_rate": "a tax rate is a setting",
    "v2.core.event": "a thin event names an object and tells nothing of it; fetch the object",
}
_ENDED = frozenset(("canceled", "incomplete_expired"))


def recognises(payload: Payload) -> bool:
    """Return whether this is a Stripe event, or an object of a kind that we know.

    >>> recognises({"object": "event", "id": "evt_1", "type": "invoice.paid", "data": {}})
    True
    """
    body = _opened(payload)
    if text(body.get("object")) == "list":
        return any(_is_known(item) for item in mappings(body.get("data")))
    return _is_known(body)


def _opened(payload: Payload) -> dict[str, Any]:
    """Return the event or object, also of an event that came by Amazon EventBridge."""
    body, _ = opened(payload)
    detail = mapping(body.get("detail"))
    return detail if "detail-type" in body and text(detail.get("object")) == "event" else body


def _is_known(item: dict[str, Any]) -> bool:
    kind = text(item.get("object"))
    if kind == "event":
        return "id" in item and "data" in item
    return "id" in item and (kind in _READERS or kind in _REFUSED)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield what happened to the object of an event, or what a bare object's state tells.

    Raises:
        BadPayload: an object of the catalogue or of the shop's own account; an object unknown to us.
    """
    body = _opened(payload)
    listed = mappings(body.get("data")) if text(body.get("object")) == "list" else []
    yield from each(listed or [body], lambda item: _read_one(item, received))


def _read_one(body: dict[str, Any], received: datetime) -> Iterator[Event]:
    kind = text(body.get("object"))
    if kind is None:
        raise unreadable(PLATFORM, "no 'object'", body, "send the event or the object whole")
    item = mapping(within(body, "data", "object")) if kind == "event" else body
    what = (text(item.get("object")) if kind == "event" else kind) or "object"
    if what in _REFUSED:
        raise not_an_event(f"{PLATFORM}.{what}", _REFUSED[what])
    reader = _READERS.get(what)
    if reader is None:
        raise unreadable(f"{PLATFORM}.object", "an unknown 'object'", item, "leave it out")
    yield from reader(Message(body if kind == "event" else {}, item, received))


def _subscription(message: Message) -> Iterator[Event]:
    """Yield the enrolment, a change, or the end of a subscription."""
    item, action = message.item, word(message.kind.rpartition(".")[2], "")
    subscription = text(item.get("id"))
    block = Commerce(subscription=subscription, currency=currency(item.get("currency")))
    human = Initiator(kind="human", evidence="object")
    if action in ("", "created"):
        yield message.event(
            "commerce.subscription.created",
            "created",
            item.get("start_date"),
            stage="purchase",
            initiator=human,
            automation=subscribed(subscription, "enrol"),
            commerce=block,
        )
    ended = text(item.get("status")) in _ENDED
    if action == "deleted" or (ended and action != "created"):
        yield message.event(
            "commerce.subscription.ended",
            "ended",
            item.get("ended_at") or item.get("canceled_at"),
            stage="post_purchase",
            automation=subscribed(subscription, "end"),
            commerce=block,
        )
    elif action not in ("", "created"):
        yield message.event(
            f"commerce.subscription.{action}",
            stage="post_purchase",
            automation=subscribed(subscription, None),
            commerce=block,
        )


def _customer(message: Message) -> Iterator[Event]:
    action = word(message.kind.rpartition(".")[2], "created")
    yield message.event(f"commerce.customer.{action}")


def _dispute(message: Message) -> Iterator[Event]:
    order = text(message.item.get("payment_intent")) or text(message.item.get("charge"))
    action = word(message.kind.rpartition(".")[2], "created")
    yield message.event(f"commerce.dispute.{action}", stage="post_purchase", commerce=Commerce(order=order))


_READERS: dict[str, Callable[[Message], Iterator[Event]]] = {
    "subscription": _subscription,
    "invoice": read_invoice,
    "invoice_payment": read_invoice_payment,
    "checkout.session": read_session,
    "payment_intent": read_payment,
    "charge": read_payment,
    "refund": read_refund,
    "customer": _customer,
    "dispute": _dispute,
}


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a webhook: one of the `v1` signatures of time and body, at most five minutes old.

    Raises:
        Unproven: none fits a secret of the account, or it was made at another time.
    """
    secrets = one_secret(account, PLATFORM)
    parts = [part.strip().partition("=") for part in sent.headers.get("stripe-signature", "").split(",")]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    signed = stamp.encode() + b"." + sent.body
    keys = [signed_by(secrets, signed, value) for name, _, value in parts if name == "v1"]
    key = next((k for k in keys if k is not None), None)
    if key is None:
        raise Unproven(PLATFORM, "Stripe-Signature fits no secret", "set the endpoint's secret, whsec_...")
    fresh(instant(stamp), sent.received, _WINDOW_S, PLATFORM)
    return Proof(scheme="hmac-sha256", key_id=key)
