"""Who a Shopify resource is about, and what all resources come with."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from hearthline.schema.event import Consent, Hint, Identifier, Product, Raw
from hearthline.sources import (
    address_hint,
    currency,
    identified,
    mapping,
    mappings,
    money,
    text,
    unreadable,
    within,
)

__all__ = [
    "RAW",
    "Delivery",
    "accepted",
    "attributes_of",
    "currency_of",
    "homes_of",
    "native_of",
    "people_of",
    "postage_of",
    "product_of",
    "source_of",
    "sum_of",
]

RAW = Raw(adapter="shopify", adapter_version=1, media_type="application/json")


class Delivery(NamedTuple):
    """What a resource came with: the shop, the topic of the webhook, our own clock, Shopify's."""

    shop: str
    topic: str
    received: datetime
    triggered: datetime | None = None


def native_of(kind: str, item: dict[str, Any], key: str = "id") -> str:
    """Return the resource's own id; a cart has a token in its place."""
    found = text(item.get(key)) or (text(item.get("token")) if key == "id" else None)
    if found is None:
        raise unreadable(f"shopify.{kind}", f"no {key!r}", item, "send the resource whole")
    return found


def source_of(delivery: Delivery, item: dict[str, Any]) -> str:
    """Return the source of a resource; Shopify's own test orders stay apart from sales."""
    return f"//shopify/{delivery.shop}/{'test' if item.get('test') is True else 'admin'}"


def people_of(item: dict[str, Any]) -> tuple[Identifier, ...]:
    """Return the customer, the e-mail and the phone of an order, checkout or cart."""
    customer = mapping(item.get("customer"))
    email = item.get("email") or item.get("contact_email") or customer.get("email")
    return (
        identified("shopify.customer", customer.get("id"), authenticated=True)
        + identified("email", email, personal=True)
        + identified("phone", item.get("phone") or customer.get("phone"), personal=True)
    )


def homes_of(item: dict[str, Any]) -> tuple[Hint, ...]:
    """Return the postal address (shipping before billing) and the network as household hints."""
    address = address_hint(item.get("shipping_address")) or address_hint(item.get("billing_address"))
    network = text(item.get("browser_ip")) or text(within(item, "client_details", "browser_ip"))
    if network is None or network.strip("0.") == "":
        return address
    return (*address, Hint(kind="ip", value=network, personal=True, strength=0.3))


def accepted(value: object, evidence: str) -> Consent:
    """Return the consent of a yes to marketing; not having opted in is no refusal of anything."""
    return Consent(advertising="granted", source=evidence) if value is True else Consent()


def attributes_of(value: object) -> dict[str, Any]:
    """Return note attributes by name, whether they come as a list of pairs or as one object.

    >>> attributes_of([{"name": "household", "value": "h1"}])
    {'household': 'h1'}
    """
    if isinstance(value, dict):
        return value
    pairs = ((text(pair.get("name")), pair.get("value")) for pair in mappings(value))
    return {name: content for name, content in pairs if name}


def currency_of(item: dict[str, Any]) -> str | None:
    """Return the shop's currency of a resource."""
    return currency(item.get("currency")) or currency(item.get("presentment_currency"))


def sum_of(items: list[dict[str, Any]], key: str) -> Decimal | None:
    """Return the sum of the amounts under a key; None where no item has one."""
    amounts = [amount for item in items if (amount := money(item.get(key))) is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def postage_of(item: dict[str, Any]) -> Decimal | None:
    """Return what shipping costs after discounts of its own; None where no line has a price."""
    lines = mappings(item.get("shipping_lines"))
    asked = [(money(line.get("discounted_price")), money(line.get("price"))) for line in lines]
    known = [full if less is None else less for less, full in asked]
    amounts = [amount for amount in known if amount is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def product_of(line: dict[str, Any]) -> Product:
    """Return one line of an order, cart or refund."""
    return Product(
        product_id=text(line.get("product_id")),
        sku=text(line.get("sku")),
        name=text(line.get("title")) or text(line.get("name")),
        category=text(line.get("product_type")),
        quantity=money(line.get("quantity")),
        price=money(line.get("price")),
    )
