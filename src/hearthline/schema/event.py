"""The canonical event: one thing that happened. Nothing else enters the lake.

The envelope follows CloudEvents 1.0, the names inside `commerce` follow Segment's e-commerce spec v2,
the identity map is an idea of Adobe's XDM and the several clocks are Snowplow's. `(source, id)` is the
duplicate key. This file is the one definition: `schema.arrow` derives the lake's columns from it.

No event can hold itself, so the collector of cycles need not look at millions of them (`gc=False`).
"""

from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Literal

import msgspec

__all__ = [
    "Auth",
    "Automation",
    "Commerce",
    "Consent",
    "Correlation",
    "Device",
    "Event",
    "Exposure",
    "Hint",
    "Identifier",
    "Initiator",
    "Intent",
    "Product",
    "Raw",
    "Signal",
    "Touch",
    "derived_id",
]

Layer = Literal["device", "platform", "commerce", "media", "derived"]
Stage = Literal["awareness", "consideration", "purchase", "post_purchase", "none"]
Modality = Literal["voice", "screen", "gesture", "ambient", "automated", "unknown"]
Clock = Literal["device", "platform", "server", "received", "interval"]
Purpose = Literal["granted", "denied", "unknown"]


class Group(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A group of fields of the event; each becomes columns with the group's name in front."""


class Initiator(Group, frozen=True, kw_only=True):
    """Who set it off, with the raw field that said so."""

    kind: Literal["human", "machine", "scheduled", "predicted", "unknown"] = "unknown"
    evidence: str | None = None
    confidence: float | None = None


class Automation(Group, frozen=True, kw_only=True):
    """The standing decision that acts by itself, and where that decision was taken.

    `ref_system`, `ref_type` and `ref_id` name the subscription, slot or routine. The event that
    switches it on carries `role="enrol"`, the one that ends it `role="end"`, the ones that it causes
    `role="act"`.
    """

    kind: Literal["subscription", "replenishment", "routine", "rule", "autopay"] | None = None
    role: Literal["enrol", "act", "end"] | None = None
    ref_system: str | None = None
    ref_type: str | None = None
    ref_id: str | None = None
    trigger_event: str | None = None
    enrolled_event: str | None = None
    cycle: int | None = None


class Correlation(Group, frozen=True, kw_only=True):
    """What ties events of one episode together."""

    session: str | None = None
    conversation: str | None = None
    parent: str | None = None
    root: str | None = None
    token: str | None = None


class Identifier(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A namespaced id of a person, device, network or account.

    A personal one (`personal=True`: e-mail, phone, IP, address, name) is replaced by a keyed hash
    when it is admitted, and its namespace gains the suffix `_hmac`.
    """

    namespace: str
    value: str
    personal: bool = False
    scope: str | None = None
    authenticated: bool | None = None
    primary: bool = False


class Hint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A hint of the household: `kind` is account, unit, home, location, ip, address, payment ..."""

    kind: str
    value: str
    personal: bool = False
    strength: float = 1.0


class Device(Group, frozen=True, kw_only=True):
    """The device that it happened on or to."""

    id: str | None = None
    kind: str | None = None  # speaker, display, tv, appliance, sensor, wearable, vehicle, phone, ...
    make: str | None = None
    model: str | None = None
    hub: str | None = None
    room: str | None = None


class Signal(Group, frozen=True, kw_only=True):
    """A reading or a state of a device, kept typed: `number` where the value is one."""

    capability: str | None = None
    attribute: str | None = None
    instance: str | None = None
    value: str | None = None
    number: float | None = None
    unit: str | None = None
    previous: str | None = None
    state_change: bool | None = None


class Intent(Group, frozen=True, kw_only=True):
    """What was asked by voice or chat."""

    name: str | None = None
    utterance: str | None = None
    slots: dict[str, str] | None = None
    confidence: float | None = None
    handled: bool | None = None
    locale: str | None = None


class Exposure(Group, frozen=True, kw_only=True):
    """An advertisement that was played or shown."""

    ad: str | None = None
    creative: str | None = None
    event: str | None = None  # impression, start, first_quartile, ..., complete, click
    seconds: float | None = None
    audible: bool | None = None
    viewable: bool | None = None


class Touch(Group, frozen=True, kw_only=True):
    """Through which channel it could have influenced a decision; without a channel it could not."""

    channel: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None
    click_ids: dict[str, str] | None = None


class Product(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of an order or cart; `price` is for one unit."""

    product_id: str | None = None
    sku: str | None = None
    name: str | None = None
    category: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None


class Commerce(Group, frozen=True, kw_only=True):
    """The order, cart or subscription. Money is decimal, in `currency` (ISO 4217).

    `revenue` is net of discounts, without tax and shipping; `total` is what was paid.
    """

    action: (
        Literal["placed", "updated", "cancelled", "refunded", "viewed", "added", "checkout", "paid"] | None
    ) = None
    order: str | None = None
    cart: str | None = None
    checkout: str | None = None
    subscription: str | None = None
    total: Decimal | None = None
    revenue: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    discount: Decimal | None = None
    currency: str | None = None
    refund_of: str | None = None
    coupon: str | None = None
    value_known: bool | None = None
    products: list[Product] | None = None


class Consent(Group, frozen=True, kw_only=True):
    """What the person allowed, by purpose. A purpose that is absent is unknown, not granted."""

    measurement: Purpose | None = None
    advertising: Purpose | None = None
    personalisation: Purpose | None = None
    sharing: Purpose | None = None
    tcf: str | None = None
    gpp: str | None = None
    gpc: bool | None = None
    source: str | None = None


class Auth(Group, frozen=True, kw_only=True):
    """How the sender proved itself."""

    scheme: str | None = None
    verified: bool | None = None
    key_id: str | None = None


class Raw(Group, frozen=True, kw_only=True):
    """Where the untouched input is: a payload by its hash, or a file's line."""

    media_type: str | None = None
    sha256: str | None = None
    reference: str | None = None
    adapter: str | None = None
    adapter_version: int | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One thing that happened. Times are UTC; `type` reads `<layer>.<object>.<action>`.

    Name the fields. By position is for readers of millions: thirty names cost more than making the event.

    >>> from datetime import UTC
    >>> e = Event(id="1", source="//demo/shop", type="commerce.order.placed", layer="commerce",
    ...           time=datetime(2026, 3, 1, tzinfo=UTC))
    >>> e.initiator.kind, e.consent.measurement
    ('unknown', None)
    """

    id: str
    source: str
    type: str
    time: datetime
    layer: Layer
    id_origin: Literal["native", "derived"] = "native"
    subject: str | None = None
    time_quality: Clock = "platform"
    time_sent: datetime | None = None
    time_received: datetime | None = None
    time_uncertainty_ms: int | None = None
    tz_offset_min: int | None = None
    sequence: str | None = None
    stage: Stage = "none"
    modality: Modality = "unknown"
    person_confidence: float | None = None
    segment: str | None = None  # a stable trait of the household or customer, used as a covariate
    identifiers: tuple[Identifier, ...] = ()
    household_hints: tuple[Hint, ...] = ()
    initiator: Initiator = Initiator()
    automation: Automation = Automation()
    correlation: Correlation = Correlation()
    device: Device = Device()
    signal: Signal = Signal()
    intent: Intent = Intent()
    exposure: Exposure = Exposure()
    touch: Touch = Touch()
    commerce: Commerce = Commerce()
    consent: Consent = Consent()
    auth: Auth = Auth()
    raw: Raw = Raw()


def derived_id(platform: str, raw: bytes, index: int = 0) -> str:
    """Return an id made from the raw bytes, so that a replay is a duplicate and not a second event.

    >>> derived_id("dash", b"{}") == derived_id("dash", b"{}")
    True
    """
    return sha256(b"%s\x00%d\x00%s" % (platform.encode(), index, raw)).hexdigest()[:32]
