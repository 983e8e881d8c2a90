"""Notifications of the Selling Partner API: what changed about an order, and its parcels."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hearthline.schema.event import Commerce, Event, Product
from hearthline.sources import (
    content_id,
    instant,
    mapping,
    mappings,
    money,
    not_an_event,
    text,
    unreadable,
    within,
)
from hearthline.sources.amazon_sp_api.orders import Snapshot, told

__all__ = ["read_notice"]

_PARCELS = ("FBA_OUTBOUND_SHIPMENT_STATUS", "FULFILLMENT_ORDER_STATUS")


def read_notice(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield what a notification tells of an order; its spelling is `NotificationType` or `notificationType`.

    Raises:
        BadPayload: it tells of listings, prices, reports or feeds, and of no order.
    """
    kind = (text(item.get("NotificationType")) or text(item.get("notificationType")) or "").upper()
    payload = mapping(item.get("Payload")) or mapping(item.get("payload"))
    time = instant(item.get("EventTime") or item.get("eventTime"))
    meta = mapping(item.get("NotificationMetadata")) or mapping(item.get("notificationMetadata"))
    native = text(meta.get("NotificationId") or meta.get("notificationId"))
    if kind == "ORDER_CHANGE":
        yield from _order(mapping(payload.get("OrderChangeNotification")) or payload, time, native, received)
    elif kind in _PARCELS:
        notice = next((v for v in payload.values() if isinstance(v, dict)), payload)
        yield _parcel(notice, time, native, received)
    else:
        what = "the notification tells of no order" if kind else "no type of notification"
        raise not_an_event(
            f"amazon_sp_api.{kind.lower() or 'notification'}", what, "subscribe to ORDER_CHANGE"
        )


def _order(
    notice: dict[str, Any], time: datetime | None, native: str | None, received: datetime
) -> Iterator[Event]:
    """Yield the order's placement and the change; a notification has no money."""
    order = text(notice.get("AmazonOrderId"))
    if order is None:
        raise unreadable("amazon_sp_api.order_change", "no 'AmazonOrderId'", notice, "send it whole")
    summary = mapping(notice.get("Summary"))
    lines = mappings(summary.get("OrderItems"))
    block = Commerce(
        action="placed",
        order=order,
        value_known=False,
        products=[_line(line) for line in lines] or None,
    )
    snapshot = Snapshot(order, received)
    changed = instant(within(notice, "OrderChangeTrigger", "TimeOfOrderChange")) or time
    placed = instant(summary.get("PurchaseDate"))
    if placed is not None:
        yield from told(snapshot, placed, changed, text(summary.get("OrderStatus")), block)
        return
    own = f"order/{order}/updated/{native or content_id('amazon_sp_api', notice)}"
    change = Commerce(action="updated", order=order, products=block.products)
    yield snapshot.event("commerce.order.updated", own, changed, "post_purchase", change)


def _line(line: dict[str, Any]) -> Product:
    return Product(
        product_id=text(line.get("ASIN")),
        sku=text(line.get("SellerSKU")),
        quantity=money(line.get("Quantity")),
    )


def _parcel(notice: dict[str, Any], time: datetime | None, native: str | None, received: datetime) -> Event:
    """Return an event after the order: a parcel and its state."""
    order = text(notice.get("AmazonOrderId")) or text(notice.get("SellerFulfillmentOrderId"))
    if order is None:
        raise unreadable("amazon_sp_api.shipment", "no order's id", notice, "send it whole")
    own = native or content_id("amazon_sp_api", notice)
    block = Commerce(order=order)
    return Snapshot(order, received).event("commerce.fulfillment.updated", own, time, "post_purchase", block)
