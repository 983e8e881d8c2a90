"""Amazon Selling Partner API: orders (v0, 2026-01-01), reports, notifications, Subscribe & Save as metrics.

An order of Amazon's cannot say by what device it came, nor who in the home placed it. An order is a
snapshot: it yields its placement and, by its status, its change or cancellation, each with an id of its
own. Numbers of the replenishment API are aggregates: `metrics` gives them, `read` gives nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import Event
from hearthline.schema.records import Metric
from hearthline.sources import (
    Answer,
    Payload,
    each,
    embedded,
    enveloped,
    mapping,
    mappings,
    not_an_event,
    opened,
    text,
    unreadable,
    within,
)
from hearthline.sources.amazon_sp_api.notices import read_notice
from hearthline.sources.amazon_sp_api.orders import read_buyer, read_items, read_order, read_order_2026
from hearthline.sources.amazon_sp_api.replenishment import is_replenishment, metrics_in
from hearthline.sources.amazon_sp_api.reports import is_report, read_report

__all__ = ["metrics", "read", "recognises"]

PLATFORM = "amazon_sp_api"
TITLE = "Amazon Selling Partner API"
LAYER: Literal["commerce"] = "commerce"
TRANSPORTS: tuple[Literal["stream", "pull", "file"], ...] = ("stream", "pull", "file")
PROOF = "pulled with a Login with Amazon token; notifications come by your own SQS queue or EventBridge"
STATE = "live: orders 2026-01-01 beside v0"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "sometimes",
    "household": "sometimes",
    "initiator": "no",
    "price": "sometimes",
}
DOCS = "https://developer-docs.amazon.com/sp-api/docs/orders-api"

Reader = Callable[[dict[str, Any], datetime], Iterator[Event]]


def recognises(payload: Payload) -> bool:
    """Return whether this is an answer of the API, or one of its notifications.

    >>> recognises({"payload": {"AmazonOrderId": "1", "PurchaseDate": "2026-03-01T10:00:00Z"}})
    True
    """
    return any(_is_ours(body) for body in _opened(payload))


def _is_ours(body: dict[str, Any]) -> bool:
    return is_replenishment(body) or any(_reader_of(item) is not None for item in _items(body))


def _opened(payload: Payload) -> list[dict[str, Any]]:
    """Return the answer or the notifications, out of the exchange, queue or bus event around them."""
    body, _ = opened(payload)
    if mapping(body.get("response")) and "request" in body:
        return [body]
    return [_of_a_bus(message) for message in enveloped(body)]


def _of_a_bus(body: dict[str, Any]) -> dict[str, Any]:
    for key in ("detail", "Body", "body"):
        inside = embedded(body.get(key))
        if "NotificationType" in inside or "notificationType" in inside:
            return inside
    return body


def _items(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the orders, or what else the answer holds one of."""
    if "notificationType" in body:  # newer ones spell it so, and have their own `payload`
        return [body]
    answer = mapping(body.get("response")) or mapping(body.get("payload")) or body
    answer = mapping(answer.get("payload")) or answer
    listed = mappings(answer.get("Orders")) or mappings(answer.get("orders"))
    return listed or [mapping(answer.get("order")) or answer]


def _reader_of(item: dict[str, Any]) -> Reader | None:
    if is_report(item):
        return read_report
    if "NotificationType" in item or "notificationType" in item:
        return read_notice if "Payload" in item or "payload" in item else None
    if "AmazonOrderId" in item:
        if "OrderItems" in item:
            return read_items
        return read_order if "PurchaseDate" in item else read_buyer
    known = ("salesChannel", "createdTime", "fulfillment", "orderItems", "orderAliases")
    return read_order_2026 if "orderId" in item and sum(k in item for k in known) >= 2 else None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield what the orders or the notification tell.

    Raises:
        BadPayload: aggregates and offers of the replenishment programme; a notification that tells of no
            order; no answer of the API.
    """
    yield from each(_opened(payload), lambda body: _read(body, received))


def _read(body: dict[str, Any], received: datetime) -> Iterator[Event]:
    if is_replenishment(body):
        raise not_an_event(f"{PLATFORM}.replenishment", "aggregates or offers, no orders", "read its metrics")
    if not _is_ours(body):
        if text(within(body, "errors")) or mappings(body.get("errors")):
            raise not_an_event(PLATFORM, "the API answered with an error", "ask it again")
        raise unreadable(PLATFORM, "no order and no notification", body, "send the answer whole")
    yield from each(_items(body), lambda item: _read_one(item, received))


def _read_one(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    reader = _reader_of(item)
    if reader is None:
        raise unreadable(f"{PLATFORM}.order", "no order's id and time", item, "send the order whole")
    yield from reader(item, received)


def metrics(payload: Payload, received: datetime) -> Iterator[Metric]:  # noqa: ARG001 # they say their time
    """Yield the aggregates of Subscribe & Save over their time; none where the answer holds orders."""
    for body in filter(is_replenishment, _opened(payload)):
        yield from metrics_in(body)
