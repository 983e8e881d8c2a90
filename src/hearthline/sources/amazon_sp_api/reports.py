"""Flat-file reports: orders by line, what was shipped, and what came back; the rows of one order together."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hearthline.schema.errors import BadPayload
from hearthline.schema.event import Commerce, Event, Hint, Product
from hearthline.sources import (
    address_hint,
    content_id,
    currency,
    identified,
    instant,
    mappings,
    money,
    part_id,
    text,
    unreadable,
)
from hearthline.sources.amazon_sp_api.orders import Snapshot, told

__all__ = ["is_report", "read_report"]

_SENT_BACK = ("return-date", "return-request-date")
_PLACE = "amazon_sp_api.report"


def is_report(item: dict[str, Any]) -> bool:
    """Return whether these are rows of a report, as they are cut out of a file."""
    if "report" not in item or not isinstance(item["report"], list):
        return False
    return "wrong" in item or any("amazon-order-id" in row or "order-id" in row for row in _rows(item))


def _rows(item: dict[str, Any]) -> list[dict[str, Any]]:
    return mappings(item["report"])


def read_report(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield what the rows of one order tell: that it was placed, changed or cancelled, or came back.

    Raises:
        BadPayload: a row that could not be split; rows without an order's number.
    """
    rows = _rows(item)
    if not rows:
        wrong = text(item.get("wrong")) or "no row in it"
        raise BadPayload(_PLACE, wrong, "download the report again", "missing-field")
    order = text(rows[0].get("amazon-order-id")) or text(rows[0].get("order-id"))
    if order is None:
        raise unreadable(_PLACE, "a row without an order's number", rows[0], "download the report again")
    if any(name in rows[0] for name in _SENT_BACK):
        yield from _returns(order, rows, received)
        return
    first = rows[0]
    snapshot = Snapshot(
        order, received, identified("email", first.get("buyer-email"), personal=True), _home(first)
    )
    placed, changed = _day(first.get("purchase-date")), _latest(rows)
    if (text(first.get("sales-channel")) or "").lower().startswith("non-amazon"):
        # Sold elsewhere, sent by Amazon: the shop's own order has the money.
        own = f"order/{order}/sent/{content_id('amazon_sp_api', item)[:16]}"
        products = [_line(row) for row in rows]
        sent = Commerce(order=text(first.get("merchant-order-id")) or order, products=products)
        yield snapshot.event("commerce.fulfillment.updated", own, changed or placed, "post_purchase", sent)
        return
    yield from told(snapshot, placed, changed, text(first.get("order-status")), _money(order, rows))


def _latest(rows: list[dict[str, Any]]) -> datetime | None:
    names = ("last-updated-date", "shipment-date")
    times = [time for row in rows for name in names if (time := instant(row.get(name))) is not None]
    return max(times, default=None)


def _day(value: object) -> datetime | None:
    """Return a time, or a day as reports of returns write it.

    >>> _day("01-Mar-2026").isoformat(), _day("soon")
    ('2026-03-01T00:00:00+00:00', None)
    """
    known = instant(value)
    if known is not None or not isinstance(value, str):
        return known
    try:
        return datetime.strptime(value.strip(), "%d-%b-%Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _home(row: dict[str, Any]) -> tuple[Hint, ...]:
    street, code = row.get("ship-address-1"), row.get("ship-postal-code")
    return address_hint({"street": street, "zip": code, "country": row.get("ship-country")})


def _money(order: str, rows: list[dict[str, Any]]) -> Commerce:
    """Return what was sold: a price is that of the whole line, and cancelled lines are not sold."""
    sold = [r for r in rows if (text(r.get("item-status")) or "").lower() not in ("cancelled", "canceled")]
    lines = sold or rows
    revenue, off = _sum(lines, "item-price"), _sum(lines, "item-promotion-discount")
    if revenue is not None and off is not None:
        revenue -= abs(off)
    postage, postage_off = _sum(lines, "shipping-price"), _sum(lines, "ship-promotion-discount")
    return Commerce(
        action="placed",
        order=order,
        revenue=revenue,
        tax=_sum(lines, "item-tax"),
        shipping=None if postage is None else postage - abs(postage_off or Decimal(0)),
        discount=None if off is None else abs(off),
        currency=next((code for row in lines if (code := currency(row.get("currency")))), None),
        value_known=revenue is not None,
        products=[_line(row) for row in lines],
    )


def _sum(rows: list[dict[str, Any]], name: str) -> Decimal | None:
    amounts = [amount for row in rows if (amount := money(row.get(name))) is not None]
    return sum(amounts, Decimal(0)) if amounts else None


_QUANTITIES = ("quantity", "quantity-purchased", "quantity-shipped", "return-quantity")


def _line(row: dict[str, Any]) -> Product:
    quantity = next((n for name in _QUANTITIES if (n := money(row.get(name))) is not None), None)
    price = money(row.get("item-price"))
    return Product(
        product_id=text(row.get("asin")),
        sku=text(row.get("sku")) or text(row.get("merchant-sku")),
        name=text(row.get("product-name")) or text(row.get("item-name")),
        quantity=quantity,
        price=money(price / quantity) if price is not None and quantity else price,
    )


def _returns(order: str, rows: list[dict[str, Any]], received: datetime) -> Iterator[Event]:
    """Yield each return; a later report about the same one has other columns and the same id.

    So a refund in two reports is one refund, of which the largest sum counts: Amazon tells the sum so far.
    """
    seen: Counter[str] = Counter()
    for row in rows:
        time = next((t for name in _SENT_BACK if (t := _day(row.get(name))) is not None), None)
        paid_back = money(row.get("refunded-amount"))
        own = _return_id(row)
        place = seen[own]
        seen[own] += 1
        block = Commerce(order=order, products=[_line(row)])
        kind = "commerce.return.reported"
        if paid_back:
            kind = "commerce.order.refunded"
            block = Commerce(
                action="refunded",
                order=order,
                refund_of=order,
                total=paid_back,
                currency=currency(row.get("currency-code") or row.get("currency")),
                value_known=True,
                products=[_line(row)],
            )
        told = part_id(f"order/{order}/{'refunded' if paid_back else 'returned'}/{own}", place)
        yield Snapshot(order, received).event(kind, told, time, "post_purchase", block)


_RETURNS = ("amazon-rma-id", "merchant-rma-id", "license-plate-number")


def _return_id(row: dict[str, Any]) -> str:
    """Return what stays of a return from report to report: its number (or day) and the article.

    >>> _return_id({"amazon-rma-id": "R1", "merchant-sku": "S-1", "asin": "B01", "return-reason": "CR"})
    'R1/B01/S-1'
    """
    number = next((n for name in _RETURNS if (n := text(row.get(name)))), None)
    number = number or next((n for name in _SENT_BACK if (n := text(row.get(name)))), None)
    article = (text(row.get("asin")), text(row.get("merchant-sku")) or text(row.get("sku")))
    return "/".join(part for part in (number, *article) if part)
