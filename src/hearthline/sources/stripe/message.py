"""What every Stripe event shares: the envelope, its object, who it is about."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from hearthline.schema.event import (
    Automation,
    Consent,
    Correlation,
    Event,
    Hint,
    Identifier,
    Initiator,
    Raw,
)
from hearthline.sources import (
    Planted,
    address_hint,
    content_id,
    identified,
    instant,
    mapping,
    planted,
    text,
    unreadable,
    within,
)
from hearthline.sources.stripe.amounts import amount_of

__all__ = ["Message", "acting", "reference", "subscribed"]

_NO_PAYMENT = Correlation()
_RAW = Raw(adapter="stripe", adapter_version=1, media_type="application/json")


def reference(value: object) -> str | None:
    """Return the id of a field that holds an id or, when expanded, the whole object.

    >>> reference("cus_1"), reference({"id": "cus_1", "object": "customer"})
    ('cus_1', 'cus_1')
    """
    return text(value.get("id")) if isinstance(value, dict) else text(value)


@dataclass(frozen=True, slots=True)
class Message:
    """One object that something happened to, in an event's envelope or (an export) bare."""

    envelope: dict[str, Any]
    item: dict[str, Any]
    received: datetime

    @property
    def kind(self) -> str:
        """The event's type, or an empty text for a bare object."""
        return text(self.envelope.get("type")) or ""

    @property
    def planted(self) -> Planted:
        """What the shop planted in the object's metadata."""
        return planted(mapping(self.item.get("metadata")))

    def amount(self, *path: str) -> Decimal | None:
        """Return the amount at the path, in whole units of the object's currency."""
        return amount_of(within(self.item, *path), self.item.get("currency"))

    def order(self, *candidates: object) -> str:
        """Return the order: the shop's own in the metadata, else the first id among the candidates."""
        known = (within(self.item, "metadata", "order_id"), *candidates, self.item.get("id"))
        found = next((order for value in known if (order := reference(value))), None)
        if found is None:
            raise unreadable("stripe.object", "no id of an order", self.item, "send the object whole")
        return found

    def event(self, kind: str, part: str = "", time: object = None, **fields: Any) -> Event:
        """Return an event of the object; `part` sets apart several events of one bare object."""
        happened = instant(self.envelope.get("created")) if self.envelope else instant(time)
        happened = happened or instant(self.item.get("created"))
        native = text(self.envelope.get("id")) if self.envelope else text(self.item.get("id"))
        suffix = f"/{part}" if part and not self.envelope else ""
        return Event(
            id=f"{native}{suffix}" if native else content_id("stripe", [self.envelope, self.item, part]),
            id_origin="native" if native else "derived",
            source=self._source(),
            type=kind,
            subject=text(self.item.get("id")),
            time=happened or self.received,
            time_quality="platform" if happened else "received",
            time_received=self.received,
            layer="commerce",
            identifiers=self._identifiers(),
            household_hints=self._hints(),
            correlation=self._payment(),
            consent=self._consent(),
            raw=_RAW,
            **fields,
        )

    def _source(self) -> str:
        """Return the source; test mode stays apart, so that nobody counts it as sales."""
        live = self.envelope.get("livemode", self.item.get("livemode"))
        account = text(self.envelope.get("account")) or "-"
        return f"//stripe/{account}/{'test' if live is False else 'live'}"

    def _payment(self) -> Correlation:
        """Return the payment intent, which an order and its payments name even where metadata do not.

        Before there were intents, and still through the charges API, it is the charge that they name.
        """
        item = self.item
        own = {item.get("object"): item.get("id")}
        payment = (
            reference(own.get("payment_intent", item.get("payment_intent")))
            or reference(within(item, "payment", "payment_intent"))
            or reference(own.get("charge", item.get("charge")))
            or reference(within(item, "payment", "charge"))
        )
        return Correlation(token=payment) if payment else _NO_PAYMENT

    def _identifiers(self) -> tuple[Identifier, ...]:
        item = self.item
        own = item.get("id") if item.get("object") == "customer" else None
        emails = (
            within(item, "customer_details", "email"),
            item.get("customer_email"),
            item.get("receipt_email"),
            within(item, "billing_details", "email"),
            item.get("email"),
        )
        phones = (
            within(item, "customer_details", "phone"),
            item.get("customer_phone"),
            within(item, "billing_details", "phone"),
            item.get("phone"),
        )
        return (
            identified("stripe.customer", own or reference(item.get("customer")), authenticated=True)
            + identified("email", next(filter(text, emails), None), personal=True)
            + identified("phone", next(filter(text, phones), None), personal=True)
            + identified("stripe.client_reference", item.get("client_reference_id"))
            + self.planted.identifiers
        )

    def _hints(self) -> tuple[Hint, ...]:
        item = self.item
        places = (
            within(item, "shipping", "address"),
            within(item, "customer_details", "address"),
            within(item, "billing_details", "address"),
            item.get("customer_address"),
            item.get("address"),
        )
        address = next(filter(None, map(_address, places)), ())
        card = text(within(item, "payment_method_details", "card", "fingerprint"))
        paid = (Hint(kind="payment", value=card, personal=True, strength=0.8),) if card else ()
        return address + paid + self.planted.hints

    def _consent(self) -> Consent:
        told = text(within(self.item, "consent", "promotions"))
        if told not in ("opt_in", "opt_out"):
            return Consent()
        answer: Literal["granted", "denied"] = "granted" if told == "opt_in" else "denied"
        return Consent(advertising=answer, source="consent.promotions")


def _address(place: object) -> tuple[Hint, ...]:
    return address_hint(mapping(place))


def subscribed(
    subscription: str | None, role: Literal["enrol", "act", "end"] | None, cycle: int | None = None
) -> Automation:
    """Return the standing decision that a subscription is."""
    return Automation(
        kind="subscription",
        role=role,
        ref_system="stripe" if subscription else None,
        ref_type="subscription" if subscription else None,
        ref_id=subscription,
        cycle=cycle,
    )


def acting(found: Planted) -> tuple[Automation, Initiator]:
    """Return the planted automation that placed the order, and the initiator that it makes."""
    automation = found.automation or Automation()
    if automation.role != "act":
        return automation, Initiator()
    by_date = automation.kind == "subscription"
    kind: Literal["scheduled", "machine"] = "scheduled" if by_date else "machine"
    return automation, Initiator(kind=kind, evidence="metadata.automation_id")
