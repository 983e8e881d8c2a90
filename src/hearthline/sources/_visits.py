"""What web and app analytics platforms share: one visit's event from its meaning, its touch and its people.

Each platform has its own names and shapes; what they tell is the same. A platform's module turns its own
words into a `Meaning` of `_shopping`, and the rules of stage, modality and initiator are applied here.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import msgspec

from hearthline.schema.event import (
    Automation,
    Commerce,
    Consent,
    Event,
    Initiator,
    Modality,
    Product,
    Purpose,
    Stage,
    Touch,
)
from hearthline.sources._channels import AWARENESS
from hearthline.sources._shopping import Meaning

__all__ = ["Bought", "Visit", "answered", "bought", "consented", "device_kind", "visited"]


class Visit(NamedTuple):
    """What one event of an analytics platform means.

    `evidence` names the payload's field that says that a person did it. `automation` is the standing
    decision that the sender named, if any.
    """

    meaning: Meaning
    touch: Touch = Touch()
    evidence: str = "type"
    automation: Automation = Automation()


def visited(visit: Visit, **fields: Any) -> Event:
    """Return the event; id, source, time, people and the other blocks are `fields`.

    An order, or what follows one, or a change of consent is no touch: it keeps its campaign and has no
    channel. What the event's name says of consent counts beside what the platform tells; a refusal wins.
    """
    meaning, touch, automation = visit.meaning, visit.touch, visit.automation
    if (meaning.order or meaning.advertising is not None) and touch.channel is not None:
        touch = Touch(
            source=touch.source, medium=touch.medium, campaign=touch.campaign, content=touch.content
        )
    elif touch.channel is None and meaning.channel is not None:
        touch = Touch(channel=meaning.channel, campaign=touch.campaign, source=touch.source)
    initiator = Initiator()
    if automation.role == "act":
        scheduled = automation.kind == "subscription"
        initiator = Initiator(kind="scheduled" if scheduled else "machine", evidence="automation_id")
    elif meaning.browsing:
        initiator = Initiator(kind="human", evidence=visit.evidence)
    elif "initiator" in fields:
        initiator = fields["initiator"]
    fields.pop("initiator", None)
    if meaning.advertising is not None:
        fields["consent"] = answered(meaning, fields.get("consent", _UNTOLD))
    return Event(
        type=meaning.type,
        layer="media" if meaning.exposure else "platform",
        stage=_stage(meaning, touch),
        modality=fields.pop("modality", None) or _modality(initiator, touch),
        initiator=initiator,
        automation=_enrolled(meaning, automation, fields.get("commerce")),
        touch=touch,
        **fields,
    )


def _enrolled(meaning: Meaning, automation: Automation, commerce: Commerce | None) -> Automation:
    if automation.role is not None or meaning.role is None:
        return automation
    reference = commerce.subscription if commerce else None
    return Automation(
        kind="subscription",
        role=meaning.role,
        ref_system=automation.ref_system if reference else None,
        ref_type="subscription" if reference else None,
        ref_id=reference,
    )


def _stage(meaning: Meaning, touch: Touch) -> Stage:
    if touch.channel is None or meaning.stage not in ("none", "consideration"):
        return meaning.stage
    return "awareness" if touch.channel in AWARENESS else "consideration"


def _modality(initiator: Initiator, touch: Touch) -> Modality:
    if initiator.kind in ("machine", "scheduled"):
        return "automated"
    if touch.channel == "voice":
        return "voice"
    return "screen" if initiator.kind == "human" else "unknown"


class Bought(NamedTuple):
    """The money of an order or cart, as the platform tells it.

    `revenue` is after discounts and before tax and shipping. `net` says that `total` is already without
    tax and shipping, as some platforms document.
    """

    order: str | None = None
    total: Decimal | None = None
    revenue: Decimal | None = None
    tax: Decimal | None = None
    shipping: Decimal | None = None
    discount: Decimal | None = None
    currency: str | None = None
    coupon: str | None = None
    cart: str | None = None
    checkout: str | None = None
    subscription: str | None = None
    products: list[Product] | None = None


_NO_COMMERCE = Commerce()
_SALES = ("placed", "updated", "cancelled", "refunded")


def bought(meaning: Meaning, told: Bought) -> Commerce:
    """Return the commerce block; revenue that is not told is the total without tax and shipping.

    That is only done where both are told: a total alone may hold either.

    >>> from hearthline.sources._shopping import meaning_of
    >>> told = Bought("7", Decimal(12), tax=Decimal(2), shipping=Decimal(0))
    >>> found = bought(meaning_of("Order Completed"), told)
    >>> found.revenue, found.value_known
    (Decimal('10'), True)
    """
    if meaning.action is None and not any(part is not None for part in told):
        return _NO_COMMERCE
    revenue, known = told.revenue, None
    if revenue is None and told.total is not None and told.tax is not None and told.shipping is not None:
        revenue = told.total - told.tax - told.shipping
    if meaning.action in _SALES:
        known = revenue is not None or told.total is not None
    return Commerce(
        action=meaning.action,
        order=told.order,
        cart=told.cart,
        checkout=told.checkout,
        subscription=told.subscription,
        total=told.total,
        revenue=revenue,
        tax=told.tax,
        shipping=told.shipping,
        discount=told.discount,
        currency=told.currency,
        refund_of=told.order if meaning.action == "refunded" else None,
        coupon=told.coupon,
        value_known=known,
        products=told.products,
    )


# Devices and consent ----------------------------------------------------------

_SYSTEMS = {"ios": "phone", "android": "phone", "tvos": "tv", "roku": "tv", "tizen": "tv"}
_SYSTEMS |= {"webos": "tv", "androidtv": "tv", "firetv": "tv", "watchos": "wearable", "smarttv": "tv"}
_SYSTEMS |= {kind: kind for kind in ("tv", "phone", "speaker", "display", "browser", "wearable")}
_SYSTEMS |= {"mobile": "phone", "desktop": "browser", "iphone os": "phone", "ipados": "phone"}
_SYSTEMS |= {"tablet": "phone", "smart tv": "tv", "web": "browser", "television": "tv", "mobileweb": "phone"}
_SYSTEMS |= {"smartphone": "phone", "mob": "phone", "xbox": "tv", "alexa": "speaker", "ereader": "phone"}
_AGENTS = (
    ("tv", ("smarttv", "smart-tv", "tizen", "web0s", "appletv", "bravia", "roku", "aftt", "aftm")),
    ("phone", ("mobile", "iphone", "ipad", "android")),
    ("browser", ("mozilla", "opera")),
)


@lru_cache(maxsize=4096)
def device_kind(system: str | None, agent: str | None = None) -> str | None:
    """Return the kind of device that a platform's name for it, or a browser's, tells.

    >>> device_kind("iOS"), device_kind(None, "Mozilla/5.0 (X11; Linux x86_64)"), device_kind("fridge")
    ('phone', 'browser', None)
    """
    kind = _SYSTEMS.get((system or "").lower())
    if kind is not None or agent is None:
        return kind
    spelled = agent.lower()
    return next((kind for kind, words in _AGENTS if any(w in spelled for w in words)), None)


_WORDS = {
    "measurement": "analytics measurement performance statistics c0002 analyticsstorage collect",
    "advertising": "advertising advertisement marketing targeting c0004 adsstorage adstorage ads displayads",
    "personalisation": "functional personalization personalisation preferences personalize c0003",
    "sharing": "datasharing sharing sale share",
}
_PURPOSES: dict[str, Literal["measurement", "advertising", "personalisation", "sharing"]] = {
    word: purpose  # type: ignore[misc]  # the keys of _WORDS are the four purposes
    for purpose, words in _WORDS.items()
    for word in words.split()
}
_UNTOLD = Consent()
_OPT_OUTS = frozenset(("datasaleoptout", "saleoptout", "donotsell", "donotsellorshare"))


def answered(meaning: Meaning, told: Consent) -> Consent:
    """Return the consent with what the event's own name says of advertising; a refusal wins.

    >>> from hearthline.sources._shopping import meaning_of
    >>> answered(meaning_of("Unsubscribed"), Consent(advertising="granted")).advertising
    'denied'
    """
    if meaning.advertising is None or told.advertising == "denied":
        return told
    return msgspec.structs.replace(told, advertising=meaning.advertising, source=told.source or "event")


def consented(answers: Mapping[str, object], source: str) -> Consent:
    """Return the consent that yes-or-no answers by category tell; one no wins over a yes for its purpose.

    A yes to an opt-out of sale (`data_sale_opt_out`) is a no to sharing; a no to it is no answer. Answers may
    be written as text (`"false"`).

    >>> consented({"Analytics": True, "C0004": False}, "context.consent").advertising
    'denied'
    """
    try:
        return _consent(tuple(answers.items()), source)
    except TypeError:  # an answer that is a list or an object is no answer
        told = ((name, yes) for name, yes in answers.items() if isinstance(yes, bool | str))
        return _consent(tuple(told), source)


_SPOKEN = {"true": True, "false": False, "yes": True, "no": False, "granted": True, "denied": False}


@lru_cache(maxsize=1024)
def _consent(answers: tuple[tuple[str, object], ...], source: str) -> Consent:
    found: dict[str, Purpose] = {}
    for category, answer in answers:
        allowed = _SPOKEN.get(answer.strip().lower()) if isinstance(answer, str) else answer
        if allowed not in (True, False):
            continue
        word = category.lower().replace(" ", "").replace("_", "")
        if allowed and word in _OPT_OUTS:
            found["sharing"] = "denied"
        purpose = _PURPOSES.get(word)
        if purpose is not None and found.get(purpose) != "denied":
            found[purpose] = "granted" if allowed else "denied"
    return Consent(
        measurement=found.get("measurement"),
        advertising=found.get("advertising"),
        personalisation=found.get("personalisation"),
        sharing=found.get("sharing"),
        source=source if found else None,
    )
