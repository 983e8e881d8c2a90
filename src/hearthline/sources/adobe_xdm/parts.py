"""Parts of an ExperienceEvent as the canonical blocks: people, places, devices, touches, money, consent."""

from decimal import Decimal
from typing import Any

import msgspec

from hearthline.schema.event import (
    Commerce,
    Consent,
    Device,
    Exposure,
    Hint,
    Identifier,
    Initiator,
    Product,
    Touch,
)
from hearthline.sources import (
    Bought,
    Meaning,
    address_hint,
    consented,
    currency,
    device_kind,
    identified,
    mapping,
    mappings,
    money,
    slug,
    text,
    touch_of,
    within,
)

__all__ = [
    "bought_in",
    "consent_in",
    "device_in",
    "exposure_in",
    "hints_in",
    "identifiers_in",
    "initiator_in",
]
__all__ += ["plain", "refunds_in", "touch_in"]


def plain(value: Any, depth: int = 0) -> Any:
    """Return the value with its fields' prefixes taken off; `@id` is `_id`.

    >>> plain({"@id": "1", "xdm:web": {"xdm:URL": "u"}})
    {'_id': '1', 'web': {'URL': 'u'}}
    """
    if depth > 16:
        return None
    if isinstance(value, dict):
        return {_bare(key): plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner, depth + 1) for inner in value]
    return value


def _bare(key: str) -> str:
    if key.startswith("@"):
        return f"_{key[1:]}"
    prefix, _, name = key.partition(":")
    return name if prefix in ("xdm", "schema", "repo") and name and "/" not in name else key


# People and places ------------------------------------------------------------

_PERSONAL = {"email": "email", "phone": "phone", "mobilephone": "phone", "mobile": "phone"}


def identifiers_in(entity: dict[str, Any]) -> tuple[Identifier, ...]:
    """Return the identities of the map and of `endUserIDs`, by the names of their namespaces."""
    found: tuple[Identifier, ...] = ()
    for namespace, listed in mapping(entity.get("identityMap")).items():
        for entry in mappings(listed):
            found += _identity(namespace, entry)
    groups = mapping(entity.get("endUserIDs"))
    experience = mapping(groups.get("_experience"))
    for name, entry in [*experience.items(), *groups.items()]:
        inside = mapping(entry)
        value = inside.get("id") or inside.get("_id")
        if value is not None:
            code = text(within(inside, "namespace", "code")) or name
            found += _identity(code, {"id": value, "primary": inside.get("primary")})
    email = within(entity, "personalEmail", "address")
    found += identified("email", email, personal=True)
    found += identified("phone", within(entity, "mobilePhone", "number"), personal=True)
    return tuple(dict.fromkeys(found))


def _identity(namespace: str, entry: dict[str, Any]) -> tuple[Identifier, ...]:
    word = namespace.rstrip("/").rpartition("/")[2].lower().replace(" ", "").replace("-", "_")[:40] or "id"
    value = text(entry.get("id")) or text(entry.get("_id"))
    if value is None:
        return ()
    value = value.rpartition("/")[2] if value.startswith("https://") else value
    state = text(entry.get("authenticatedState"))
    known = {"authenticated": True, "loggedOut": False, "ambiguous": None}
    personal = _PERSONAL.get(word)
    return (
        Identifier(
            namespace=personal or f"adobe.{word}",
            value=value,
            personal=personal is not None,
            authenticated=known.get(state) if state else None,
            primary=entry.get("primary") is True,
        ),
    )


def hints_in(entity: dict[str, Any]) -> tuple[Hint, ...]:
    """Return the home's address and the network."""
    network = text(within(entity, "environment", "ipV4")) or text(within(entity, "environment", "ipV6"))
    found = address_hint(_address(entity.get("homeAddress")))
    found = found or address_hint(_address(within(entity, "commerce", "shipping", "address")))
    return (*found, Hint(kind="ip", value=network, personal=True, strength=0.3)) if network else found


def _address(value: object) -> dict[str, Any]:
    place = mapping(value)
    return {
        "street": place.get("street1"),
        "zip": place.get("postalCode"),
        "country": place.get("countryCode"),
    }


def device_in(entity: dict[str, Any]) -> Device:
    """Return the device: its type, the environment's, or the browser's name."""
    device, around = mapping(entity.get("device")), mapping(entity.get("environment"))
    agent = text(within(around, "browserDetails", "userAgent"))
    told = text(device.get("type")) or text(around.get("type"))
    return Device(
        id=text(device.get("deviceID")),
        kind=device_kind(told) or device_kind(text(around.get("operatingSystem")), agent),
        make=text(device.get("manufacturer")),
        model=text(device.get("model")),
    )


_PRODUCERS = {
    "self": "human",
    "customerRep": "human",
    "salesRep": "human",
    "salesRef": "human",
    "system": "machine",
}


def initiator_in(entity: dict[str, Any]) -> Initiator:
    """Return who produced the event, where `producedBy` says so."""
    kind = _PRODUCERS.get(text(entity.get("producedBy")) or "")
    if kind == "human":
        return Initiator(kind="human", evidence="producedBy")
    return Initiator(kind="machine", evidence="producedBy") if kind else Initiator()


# Touches ----------------------------------------------------------------------

_CHANNELS = {
    "email": "email",
    "apns": "push",
    "fcm": "push",
    "sms": "sms",
    "push": "push",
    "organic-search": "organic-search",
    "paid-search": "search-ads",
    "display": "display-ads",
    "display-ad": "display-ads",
    "social": "social",
    "affiliate": "affiliate",
    "direct": "direct",
    "video": "video-ads",
    "audio": "audio-ads",
}


def touch_in(entity: dict[str, Any], meaning: Meaning) -> Touch:
    """Return the touch: the channel that the event names, else its campaign, click ids or referrer."""
    web = mapping(entity.get("web"))
    details, referrer = mapping(web.get("webPageDetails")), mapping(web.get("webReferrer"))
    marketing = mapping(entity.get("marketing"))
    campaign = {
        "source": text(marketing.get("campaignName")) and text(marketing.get("trackingSource")),
        "medium": text(marketing.get("campaignGroup")),
        "name": text(marketing.get("campaignName")) or text(marketing.get("trackingCode")),
    }
    page = {
        "url": text(details.get("URL")) or text(details.get("url")),
        "referrer": text(referrer.get("URL")) or text(referrer.get("url")),
    }
    known = {key: value for key, value in campaign.items() if value}
    arrives = meaning.type == "platform.page.viewed" and bool(page["referrer"])
    found = touch_of(known, page, arrives=arrives)
    channel = _channel(mapping(entity.get("channel")))
    # The channel of an event that is itself no arrival tells where it happened, not what brought it about.
    if channel is None or meaning.order or meaning.stage == "none":
        return found
    return msgspec.structs.replace(found, channel=channel)


def _channel(block: dict[str, Any]) -> str | None:
    for key in ("_id", "id", "typeAtSource", "mediaType", "_type"):
        told = text(block.get(key))
        if told is not None:
            name = slug(told.rstrip("/").rpartition("/")[2])
            if name in _CHANNELS:
                return _CHANNELS[name]
    return None


def exposure_in(entity: dict[str, Any], meaning: Meaning) -> Exposure:
    """Return which advertisement it was, and whether it could be seen."""
    if meaning.exposure is None:
        return Exposure()
    block = mapping(entity.get("advertising"))
    seen = within(block, "adViewability", "viewable")
    asset = mapping(block.get("adAssetReference")) or mapping(within(entity, "media", "mediaCollection"))
    return Exposure(
        ad=text(asset.get("_id")) or text(asset.get("advertisingID")) or text(asset.get("_dc.title")),
        creative=text(asset.get("creativeID")),
        event=meaning.exposure,
        viewable=seen if isinstance(seen, bool) else None,
    )


# Money and consent ------------------------------------------------------------


_MEMO = "commerce.backofficeCreditMemoIssued"


def bought_in(entity: dict[str, Any], meaning: Meaning) -> Bought:
    """Return the money: `order.priceTotal` is what was paid; XDM has no sum without tax and shipping."""
    block = mapping(entity.get("commerce"))
    order = _totalled(mapping(block.get("order")))
    lines = [_product(line) for line in mappings(entity.get("productListItems"))]
    if not order and not lines:
        return Bought()
    sale = meaning.order
    # A credit memo's order has the order's own total; what is given back lies in its refunds.
    memo = sale and meaning.action == "refunded" and text(entity.get("eventType")) == _MEMO
    return Bought(
        order=text(order.get("purchaseID")) or text(order.get("purchaseOrderNumber")) if sale else None,
        total=money(order.get("priceTotal")) if sale and not memo else None,
        tax=money(order.get("taxAmount")),
        shipping=money(within(block, "shipping", "shippingAmount")),
        discount=money(order.get("discountAmount")),
        currency=currency(order.get("currencyCode")),
        coupon=text(within(block, "promotionID")),
        cart=text(within(block, "cart", "cartID")),
        products=lines or None,
    )


def refunds_in(entity: dict[str, Any], commerce: Commerce) -> list[tuple[str | None, Commerce]]:
    """Return each refund of a list of them: the id of its transaction, and its own money.

    The order's sums beside them are the order's, and no part of what is given back.
    """
    return [
        (
            text(refund.get("transactionID")),
            msgspec.structs.replace(
                commerce,
                total=amount,
                revenue=None,
                tax=None,
                shipping=None,
                discount=None,
                currency=currency(refund.get("currencyCode")) or commerce.currency,
                value_known=True,
            ),
        )
        for refund in mappings(within(entity, "commerce", "refunds"))
        if (amount := money(refund.get("refundAmount"))) is not None
    ]


def _product(line: dict[str, Any]) -> Product:
    quantity, total = money(line.get("quantity")), money(line.get("priceTotal"))
    each = total / quantity if total is not None and quantity else None
    return Product(
        product_id=text(line.get("product")) or text(line.get("_id")),
        sku=text(line.get("SKU")) or text(line.get("sku")),
        name=text(line.get("name")),
        quantity=quantity,
        price=None if each is None else money(Decimal(each)),
    )


def _totalled(order: dict[str, Any]) -> dict[str, Any]:
    """Return the order, its payments together for a total where it has none and they are in one currency."""
    told = [(amount, e) for e in mappings(order.get("payments")) if (amount := money(e.get("paymentAmount")))]
    own = currency(order.get("currencyCode"))
    units = {currency(e.get("currencyCode")) or own for _, e in told}
    if len(units) != 1 or (own is not None and units != {own}) or money(order.get("priceTotal")) is not None:
        return order
    return order | {"priceTotal": sum(amount for amount, _ in told), "currencyCode": units.pop()}


def consent_in(entity: dict[str, Any]) -> Consent:
    """Return what the consents block allows: `y` and `n`; a code for another legal ground is no answer.

    A no to one way of marketing (`email`, `push`, ...) is a no to advertising, as an unsubscription is;
    so is an older schema's opt-out (`optInOut`).
    """
    block = mapping(entity.get("consents"))
    marketing = mapping(block.get("marketing"))
    older = mapping(entity.get("optInOut"))
    refused = older.get("globalOptout") is True or "out" in older.values()
    refused = refused or any(mapping(way).get("val") == "n" for way in marketing.values())
    told = {
        "collect": within(block, "collect", "val"),
        "share": within(block, "share", "val"),
        "personalize": within(block, "personalize", "content", "val") or within(block, "personalize", "val"),
        "marketing": "n" if refused else within(marketing, "any", "val") or marketing.get("val"),
        "ads": within(block, "adID", "val"),
    }
    found = consented({k: v == "y" for k, v in told.items() if v in ("y", "n")}, "consents")
    strings = [entity.get("consentStrings"), block.get("consentStrings"), entity.get("consentString")]
    for listed in strings:
        for entry in mappings(listed) or [mapping(listed)]:
            if "TCF" in (text(entry.get("consentStandard")) or ""):
                found = msgspec.structs.replace(found, tcf=text(entry.get("consentStringValue")))
    return found
