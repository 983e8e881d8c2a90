"""Orders of Amazon's, version 0 and 2026-01-01, their items and their buyers."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Automation, Commerce, Event, Hint, Identifier, Product, Raw, Stage
from hearthline.sources import (
    address_hint,
    content_id,
    currency,
    identified,
    instant,
    mapping,
    mappings,
    money,
    text,
    unreadable,
    within,
)

__all__ = ["Snapshot", "read_buyer", "read_items", "read_order", "read_order_2026", "told"]

_RAW = Raw(adapter="amazon_sp_api", adapter_version=1, media_type="application/json")
_CANCELLED = ("canceled", "cancelled")
Action = Literal["placed", "updated", "cancelled"]


class Snapshot(NamedTuple):
    """An order as one of Amazon's versions tells it.

    All orders have one source, as Amazon's order numbers are unique everywhere.
    """

    order: str
    received: datetime
    identifiers: tuple[Identifier, ...] = ()
    hints: tuple[Hint, ...] = ()
    automation: Automation = Automation()

    def event(self, kind: str, own: str, time: datetime | None, stage: Stage, commerce: Commerce) -> Event:
        """Return an event about the order."""
        return Event(
            id=own,
            source="//amazon_sp_api/-/orders",
            type=kind,
            subject=self.order,
            time=time or self.received,
            time_quality="platform" if time else "received",
            time_received=self.received,
            layer="commerce",
            stage=stage,
            identifiers=self.identifiers,
            household_hints=self.hints,
            automation=self.automation,
            commerce=commerce,
            raw=_RAW,
        )


def told(
    snapshot: Snapshot, placed: datetime | None, changed: datetime | None, status: str | None, money: Commerce
) -> Iterator[Event]:
    """Yield an order's placement, and its cancellation or latest change."""
    order = snapshot.order
    yield snapshot.event("commerce.order.placed", f"order/{order}/placed", placed, "purchase", money)
    cancelled = (status or "").lower() in _CANCELLED
    if not cancelled and (changed is None or changed == placed):
        return
    action: Action = "cancelled" if cancelled else "updated"
    stamp = "" if cancelled or changed is None else f"/{changed.isoformat()}"
    changed_money = Commerce(**{f: getattr(money, f) for f in money.__struct_fields__} | {"action": action})
    own = f"order/{order}/{action}{stamp}"
    yield snapshot.event(f"commerce.order.{action}", own, changed, "post_purchase", changed_money)


def read_order(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield what an order of version 0 tells; its total holds tax and shipping, and is absent at first."""
    order = _id(item, "AmazonOrderId")
    total = money(within(item, "OrderTotal", "Amount"))
    buyer = mapping(item.get("BuyerInfo"))
    snapshot = Snapshot(
        order,
        received,
        identified("email", buyer.get("BuyerEmail") or item.get("BuyerEmail"), personal=True),
        _home(mapping(item.get("ShippingAddress"))),
    )
    block = Commerce(
        action="placed",
        order=order,
        total=total,
        currency=currency(within(item, "OrderTotal", "CurrencyCode")),
        value_known=total is not None,
    )
    placed, changed = instant(item.get("PurchaseDate")), instant(item.get("LastUpdateDate"))
    yield from told(snapshot, placed, changed, text(item.get("OrderStatus")), block)


def _id(item: dict[str, Any], key: str) -> str:
    found = text(item.get(key))
    if found is None:
        raise unreadable("amazon_sp_api.order", f"no {key!r}", item, "send the order whole")
    return found


def _home(place: dict[str, Any]) -> tuple[Hint, ...]:
    spelled = {
        "street": place.get("AddressLine1") or place.get("addressLine1"),
        "zip": place.get("PostalCode") or place.get("postalCode"),
        "country": place.get("CountryCode") or place.get("countryCode"),
    }
    return address_hint(spelled)


def read_items(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield what the items of an order tell: what was bought, and its price without tax and shipping."""
    order = _id(item, "AmazonOrderId")
    lines = mappings(item.get("OrderItems"))
    revenue, off = _sum(lines, "ItemPrice"), _sum(lines, "PromotionDiscount")
    if revenue is not None:
        revenue -= off or Decimal(0)
    postage, postage_off = _sum(lines, "ShippingPrice"), _sum(lines, "ShippingDiscount")
    code = next((c for line in lines if (c := currency(within(line, "ItemPrice", "CurrencyCode")))), None)
    block = Commerce(
        action="updated",
        order=order,
        revenue=revenue,
        tax=_sum(lines, "ItemTax"),
        shipping=None if postage is None else postage - (postage_off or Decimal(0)),
        discount=off,
        currency=code,
        value_known=revenue is not None,
        products=[_line(line) for line in lines] or None,
    )
    own = f"order/{order}/items/{content_id('amazon_sp_api', item)[:16]}"
    yield Snapshot(order, received).event("commerce.order.updated", own, None, "none", block)


def _sum(lines: list[dict[str, Any]], key: str) -> Decimal | None:
    amounts = [amount for line in lines if (amount := money(within(line, key, "Amount"))) is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def _line(line: dict[str, Any]) -> Product:
    quantity, price = money(line.get("QuantityOrdered")), money(within(line, "ItemPrice", "Amount"))
    return Product(
        product_id=text(line.get("ASIN")),
        sku=text(line.get("SellerSKU")),
        name=text(line.get("Title")),
        quantity=quantity,
        price=money(price / quantity) if price is not None and quantity else None,
    )


def read_buyer(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield who bought an order, or where it went: answers that name the order and no time."""
    order = _id(item, "AmazonOrderId")
    snapshot = Snapshot(
        order,
        received,
        identified("email", item.get("BuyerEmail"), personal=True),
        _home(mapping(item.get("ShippingAddress"))),
    )
    own = f"order/{order}/buyer/{content_id('amazon_sp_api', item)[:16]}"
    yield snapshot.event("commerce.order.buyer_told", own, None, "none", Commerce(order=order))


# 2026-01-01 -------------------------------------------------------------------


def read_order_2026(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield what an order of version 2026-01-01 tells, with its items and, where asked for, its money."""
    order = _id(item, "orderId")
    lines = mappings(item.get("orderItems"))
    # That an item came by Subscribe & Save is told; which delivery was the decision to subscribe is not.
    subscribed = bool(lines) and all("SUBSCRIBE_AND_SAVE" in _programs(line) for line in lines)
    snapshot = Snapshot(
        order,
        received,
        identified("email", within(item, "buyer", "buyerEmail"), personal=True),
        _home(mapping(within(item, "recipient", "deliveryAddress"))),
        Automation(kind="subscription") if subscribed else Automation(),
    )
    status = text(within(item, "fulfillment", "fulfillmentStatus"))
    placed, changed = instant(item.get("createdTime")), instant(item.get("lastUpdatedTime"))
    yield from told(snapshot, placed, changed, status, _money_2026(item, order, lines))


def _programs(line: dict[str, Any]) -> list[Any]:
    found = line.get("programs")
    return found if isinstance(found, list) else []


def _money_2026(item: dict[str, Any], order: str, lines: list[dict[str, Any]]) -> Commerce:
    proceeds = mapping(item.get("proceeds"))
    parts = _parts(proceeds)
    for line in lines if "ITEM" not in parts else ():
        for name, amount in _parts(mapping(line.get("proceeds"))).items():
            parts[name] = parts.get(name, Decimal(0)) + amount
    total, discount = money(within(proceeds, "grandTotal", "amount")), parts.get("DISCOUNT")
    revenue = parts.get("ITEM")
    if revenue is not None and discount is not None:
        revenue -= abs(discount)
    return Commerce(
        action="placed",
        order=order,
        total=total,
        revenue=revenue,
        tax=parts.get("TAX"),
        shipping=parts.get("SHIPPING"),
        discount=None if discount is None else abs(discount),
        currency=currency(within(proceeds, "grandTotal", "currencyCode")) or _currency_of(lines),
        value_known=total is not None or revenue is not None,
        products=[_line_2026(line) for line in lines] or None,
    )


def _parts(proceeds: dict[str, Any]) -> dict[str, Decimal]:
    """Return the amounts of a breakdown by their type."""
    found: dict[str, Decimal] = {}
    for part in mappings(proceeds.get("breakdowns")):
        name, amount = text(part.get("type")), money(within(part, "subtotal", "amount"))
        if name is not None and amount is not None:
            found[name] = found.get(name, Decimal(0)) + amount
    return found


def _currency_of(lines: list[dict[str, Any]]) -> str | None:
    codes = (currency(within(line, "product", "price", "unitPrice", "currencyCode")) for line in lines)
    return next(filter(None, codes), None)


def _line_2026(line: dict[str, Any]) -> Product:
    product = mapping(line.get("product"))
    return Product(
        product_id=text(product.get("asin")),
        sku=text(product.get("sellerSku")),
        name=text(product.get("title")),
        quantity=money(line.get("quantityOrdered")),
        price=money(within(product, "price", "unitPrice", "amount")),
    )
