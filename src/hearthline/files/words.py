"""What words in a table mean: events, devices, channels, who placed an order. Rule tables with evidence.

Each rule works on one distinct value; it is never called once a row.
"""

import re
from dataclasses import dataclass
from functools import cache

__all__ = [
    "CHANNEL_OF_DEVICE",
    "DEVICE_KINDS",
    "MODALITY_OF_DEVICE",
    "Meaning",
    "Placing",
    "channel_of_visit",
    "consent_of",
    "device_kind",
    "initiator_of",
    "meaning_of",
    "modality_of",
    "placing_of",
    "slug",
    "stage_of",
    "status_of",
]


def _words(text: str) -> list[str]:
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return re.findall(r"[a-z0-9]+", split.lower())


def slug(text: str) -> str:
    """Return the text as a word of a type's name.

    >>> slug("Product Viewed"), slug("addToCart"), slug("!")
    ('product_viewed', 'add_to_cart', 'unnamed')
    """
    return "_".join(_words(text)) or "unnamed"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TELEMETRY = _set(
    "heartbeat telemetry status state temperature humidity reading ping keepalive alive battery sensor "
    "firmware "
    "online offline connected disconnected metric measurement snapshot power energy motion level sync"
)
_STANDING = _set(
    "subscription subscribe replenishment replenish autoship autoreorder autopay reorder enrol enroll "
    "enrolment "
    "enrollment enrolled"
)
_BEGIN = _set(
    "start started starts create created enable enabled activate activated enrol enroll enrolled enrolment "
    "enrollment begin began signup on new confirmed switched"
)
_END = _set(
    "end ended cancel cancelled canceled disable disabled stop stopped off deactivated expired "
    "terminated paused"
)
_LETTERS = _set("newsletter email mail push sms marketing")
_AUTO = _set("replenishment replenish autoreorder reorder autoship")
_REFUND = _set("refund refunded refunds returned erstattet")
_CANCEL = _set("cancel cancelled canceled voided storniert")
_ORDER = _set(
    "order orders reorder reordered purchase purchased purchases transaction bought buy conversion sale"
)
_CART = _set("cart basket bag")
_CHECKOUT = _set("checkout payment pay")
_AFTER = _set(
    "shipped shipment shipping delivered delivery setup install installed onboarding paired registered "
    "support "
    "service warranty unboxed unboxing review used usage repair"
)
_CLICK = _set("click clicked clicks tap tapped clickthrough")
_AD = _set(
    "impression impressions ad ads advert advertisement commercial exposure exposed served heard sponsored"
)
_CONSIDER = _set(
    "search searched searches ask asked asks query question compare compared comparison view viewed "
    "views visit "
    "visited browse browsed pageview page open opened read recipe research wishlist list screen session lead "
    "quiz intent utterance voice request requested chat"
)
_SHOWN = _set("sent played shown")
_EXPOSURES = {
    "click": _CLICK,
    "complete": _set("complete completed"),
    "start": _set("start started"),
    "first_quartile": _set("quartile"),
    "midpoint": _set("midpoint"),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event's name tells.

    Attributes:
        stage: stage of the journey.
        object, action: second and third part of the type where the layer is `commerce`.
        exposure: what happened to an advertisement.
        commerce: action of the order or cart.
        role: `enrol` or `end` of an automation.
        standing: kind of that automation.
        telemetry: whether it is a reading or a sign of life and so never a touch.
        human: whether a person does this.
    """

    stage: str = "none"
    object: str | None = None
    action: str | None = None
    exposure: str | None = None
    commerce: str | None = None
    role: str | None = None
    standing: str | None = None
    telemetry: bool = False
    human: bool = False


def _standing(words: frozenset[str]) -> Meaning | None:
    if not words & _STANDING or words & _LETTERS:
        return None
    kind = "replenishment" if words & _AUTO else "autopay" if "autopay" in words else "subscription"
    if words & _END:
        return Meaning(object="enrolment", action="ended", role="end", standing=kind)
    if words & _BEGIN or words == {"subscribe"}:
        return Meaning("purchase", "enrolment", "started", role="enrol", standing=kind, human=True)
    return None


def _commerce(words: frozenset[str]) -> Meaning | None:
    if words & _CART:
        added = bool(words & {"add", "added", "adds"}) or words <= _CART
        action = "added" if added else "updated"
        return Meaning("purchase", "cart", action, commerce="added" if added else None, human=True)
    if words & _CHECKOUT and not words & {"completed", "complete"}:
        return Meaning("purchase", "checkout", "started", commerce="checkout", human=True)
    if words & _REFUND:
        return Meaning("post_purchase", "order", "refunded", commerce="refunded")
    if words & (_ORDER | {"checkout"}) and words & _CANCEL:
        return Meaning("post_purchase", "order", "cancelled", commerce="cancelled")
    return None


def _letter(words: frozenset[str]) -> Meaning | None:
    return Meaning("awareness") if words & _LETTERS and words & (_SHOWN | {"delivered"}) else None


def _after(words: frozenset[str]) -> Meaning | None:
    if words & _AD or not (words & _AFTER or words >= {"set", "up"}):
        return None
    return Meaning("post_purchase", human=not words & {"shipped", "shipment", "delivered", "delivery"})


def _met(words: frozenset[str]) -> Meaning | None:
    """Return what a click, an order or an advertisement means."""
    if words & _CLICK:
        return Meaning("consideration", exposure="click" if words & _AD else None, human=True)
    if words & (_ORDER | {"checkout"}) and not words & _TELEMETRY:
        return Meaning("purchase", "order", "placed", commerce="placed", human=True)
    media = words & {"video", "audio", "view", "spot"} and words & {
        "start",
        "started",
        "quartile",
        "midpoint",
    }
    if words & _AD or media or "viewstart" in words:
        step = next((e for e, told in _EXPOSURES.items() if words & told), "impression")
        return Meaning("awareness", exposure=step)
    return None


def _read_off(words: frozenset[str]) -> Meaning | None:
    return Meaning(telemetry=True) if words & _TELEMETRY and not words & {"voice", "search", "page"} else None


def _considered(words: frozenset[str]) -> Meaning | None:
    if words & _CONSIDER:
        viewed = bool(words & {"product", "item"}) and bool(words & {"view", "viewed", "views"})
        return Meaning("consideration", commerce="viewed" if viewed else None, human=True)
    return Meaning("awareness") if words & _SHOWN else None


@cache
def meaning_of(event: str) -> Meaning:
    """Return what an event's name tells, by its words.

    >>> meaning_of("ad_impression").stage, meaning_of("Product Viewed").stage, meaning_of("ping").telemetry
    ('awareness', 'consideration', True)
    >>> meaning_of("replenishment_enabled").role, meaning_of("newsletter_subscribe").role
    ('enrol', None)
    """
    words = frozenset(_words(event))
    found = (rule(words) for rule in (_standing, _commerce, _letter, _after, _met, _read_off, _considered))
    return next((meaning for meaning in found if meaning), Meaning())


_DEVICES = (
    ("hub", "hub bridge gateway"),
    ("wearable", "watch wearable band ring glasses"),
    ("display", "display show showroom nesthub"),
    ("tv", "tv television roku firetv ctv chromecast appletv stb"),
    ("button", "button dash"),
    ("vehicle", "car vehicle auto automotive truck"),
    ("tablet", "tablet ipad"),
    ("phone", "phone smartphone iphone ios android mobile app handset"),
    ("speaker", "speaker echo alexa homepod audio smartspeaker voice"),
    ("sensor", "sensor thermostat thermometer meter detector plug light lamp bulb scale"),
    (
        "appliance",
        (
            "appliance fridge refrigerator freezer washer washing dishwasher dryer oven stove coffee printer "
            "vacuum "
            "purifier kettle machine dispenser feeder toothbrush"
        ),
    ),
    ("browser", "browser web desktop laptop pc computer chrome safari firefox edge website mac windows"),
)
DEVICE_KINDS = frozenset(kind for kind, _ in _DEVICES)
"""The kinds of devices that we know by name."""


@cache
def device_kind(text: str) -> str:
    """Return the kind of device that a word names; the word itself where we know none.

    >>> device_kind("Echo Dot"), device_kind("Smart TV"), device_kind("robot")
    ('speaker', 'tv', 'robot')
    """
    words = set(_words(text))
    return next((kind for kind, told in _DEVICES if words & set(told.split())), slug(text))


MODALITY_OF_DEVICE = {
    "speaker": "voice",
    "vehicle": "voice",
    "tv": "screen",
    "display": "screen",
    "phone": "screen",
    "tablet": "screen",
    "browser": "screen",
    "wearable": "screen",
    "sensor": "ambient",
    "hub": "ambient",
    "button": "gesture",
    "appliance": "gesture",
}
CHANNEL_OF_DEVICE = {
    "speaker": "voice",
    "vehicle": "car",
    "tv": "smart-tv",
    "display": "smart-display",
    "phone": "mobile",
    "tablet": "mobile",
    "browser": "web",
    "wearable": "wearable",
    "button": "button",
    "appliance": "appliance",
}

_MEDIA = (
    ("paid-search", r"(cpc|ppc|paid[-_ ]?search|sem)"),
    ("paid-social", r"paid[-_ ]?social"),
    ("social", r"(social|sm|social[-_ ]?media)"),
    ("display-ads", r"(display|banner|cpm|programmatic)"),
    ("email", r"(e-?mail|newsletter)"),
    ("affiliate", r"affiliates?"),
    ("organic-search", r"(organic|seo)"),
    ("referral", r"(referral|referrer)"),
    ("direct", r"(\(none\)|none|direct|\(direct\)|\(not set\))"),
)


@cache
def channel_of_visit(source: str | None, medium: str | None) -> str | None:
    """Return the channel that a visit's source and medium tell.

    >>> channel_of_visit("google", "cpc"), channel_of_visit("podcast", None), channel_of_visit(None, None)
    ('paid-search', 'podcast', None)
    """
    told = (medium or "").strip().lower()
    found = next((channel for channel, pattern in _MEDIA if told and re.fullmatch(pattern, told)), None)
    if found == "direct" and source and source.strip("()").lower() not in ("direct", "none", "not set"):
        return source.lower()
    if found is None and medium is None and source and source.strip("()").lower() in ("direct", "none"):
        return "direct"
    return found or (medium or source or "").lower() or None


@dataclass(frozen=True, slots=True)
class Placing:
    """Who placed an order; or that the row is no order but an enrolment, its end or a refund."""

    initiator: str = "unknown"
    automation: str | None = None
    role: str | None = None
    refund: bool = False


_BY_MACHINE = Placing("machine", "replenishment", "act")
_PLACED = (
    (_REFUND | {"return", "chargeback"}, Placing("human", refund=True)),
    (
        _set("subscription renewal recurring subscribe autoship subscriber"),
        Placing("scheduled", "subscription", "act"),
    ),
    (_set("routine"), Placing("machine", "routine", "act")),
    (_set("rule"), Placing("machine", "rule", "act")),
    (_set("replenishment reorder dash restock"), _BY_MACHINE),
    (_set("machine auto automatic automated device appliance bot agent smart"), _BY_MACHINE),
    (_set("person human manual customer user web app online store one onetime once voice"), Placing("human")),
    (_set("order guest hand member shopper"), Placing("human")),
)


@cache
def placing_of(text: str) -> Placing:
    """Return who placed an order by the words of a column such as `placed_by`, `origin` or `type`.

    >>> placing_of("machine").automation, placing_of("renewal").initiator, placing_of("manual").initiator
    ('replenishment', 'scheduled', 'human')
    >>> placing_of("subscription_started").role, placing_of("refund").refund
    ('enrol', True)
    """
    words = frozenset(_words(text))
    standing = meaning_of(text)
    if standing.role:
        initiator = "human" if standing.role == "enrol" else "unknown"
        return Placing(initiator, standing.standing, standing.role)
    if words & {"enrolment", "enrollment", "enrol", "enroll"}:
        return Placing("human", "subscription", "enrol")
    return next((placing for told, placing in _PLACED if words & told), Placing())


@cache
def modality_of(text: str) -> str:
    """Return the modality that a word names, or `unknown`.

    >>> modality_of("Alexa"), modality_of("web"), modality_of("gesture")
    ('voice', 'screen', 'gesture')
    """
    name = slug(text)
    if name in ("voice", "screen", "gesture", "ambient", "automated"):
        return name
    if set(_words(text)) & {"machine", "auto", "automatic", "subscription"}:
        return "automated"
    if set(_words(text)) & {"online", "site", "shop", "touch", "visual", "shopify"}:
        return "screen"
    return MODALITY_OF_DEVICE.get(device_kind(text), "unknown")


_STAGES = {
    "interest": "consideration",
    "decision": "purchase",
    "conversion": "purchase",
    "retention": "post_purchase",
    "loyalty": "post_purchase",
    "postpurchase": "post_purchase",
}


@cache
def stage_of(text: str) -> str | None:
    """Return the stage that a word names, or None.

    >>> stage_of("Post-Purchase"), stage_of("decision")
    ('post_purchase', 'purchase')
    """
    name = slug(text)
    known = ("awareness", "consideration", "purchase", "post_purchase", "none")
    return name if name in known else _STAGES.get(name)


@cache
def initiator_of(text: str) -> str | None:
    """Return who set an event off, by a column that says so, or None.

    >>> initiator_of("user"), initiator_of("schedule"), initiator_of("?")
    ('human', 'scheduled', None)
    """
    words = set(_words(text))
    kinds = (
        ("human", "human person user customer manual"),
        ("machine", "machine device system auto automatic bot"),
        ("scheduled", "scheduled schedule timer cron"),
        ("predicted", "predicted prediction hunch"),
    )
    return next((kind for kind, told in kinds if words & set(told.split())), None)


_YES = _set("yes y true t 1 granted grant given opt_in optin accepted allow allowed")
_NO = _set("no n false f 0 denied deny refused opt_out optout rejected withdrawn revoked declined")


@cache
def consent_of(text: str) -> str:
    """Return `granted`, `denied` or `unknown`.

    >>> consent_of("Yes"), consent_of("opt-out"), consent_of("maybe")
    ('granted', 'denied', 'unknown')
    """
    name = slug(text)
    if name in _YES:
        return "granted"
    return "denied" if name in _NO else "unknown"


@cache
def status_of(text: str) -> str:
    """Return `placed`, `cancelled` or `refunded`.

    >>> status_of("Canceled"), status_of("partially_refunded"), status_of("paid")
    ('cancelled', 'placed', 'placed')
    """
    words = set(_words(text))
    if words & (_CANCEL | {"failed", "declined", "expired", "abandoned"}):
        return "cancelled"
    return (
        "refunded" if words & {"refunded", "returned", "erstattet"} and "partially" not in words else "placed"
    )
