"""The standing decisions: Dash registrations, orders and shipments, and Stripe subscriptions."""

from collections.abc import Iterator
from typing import Any, Final

from hearthline.sim.channels import DEVICES
from hearthline.sim.happenings import What
from hearthline.sim.labels import customer_id, device_id, directed_customer, email
from hearthline.sim.life import SUBSCRIPTION
from hearthline.sim.payloads.row import Row, iso, reference, uuid

__all__ = ["told"]

_APPLIANCE: Final = DEVICES.index("appliance")
_NOTIFIED: Final = {
    What.ENROL: "DeviceRegisteredNotification",
    What.MACHINE: "OrderPlacedNotification",
    What.SHIPPED: "ItemShippedNotification",
    What.END: "DeviceDeregisteredNotification",
}


def told(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what Dash and Stripe would send about this happening."""
    if row.kind == 0:
        return
    if row.kind != SUBSCRIPTION and row.of in _NOTIFIED:
        yield "dash.ndjson", _notification(row)
    elif row.kind == SUBSCRIPTION and row.of in (What.ENROL, What.END):
        yield "stripe.ndjson", _subscription(row)


def _notification(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = {
        "notificationInfo": {
            "notificationType": _NOTIFIED[row.of],
            "lwaClientId": "amzn1.application-oa2-client.sim",
            "notificationTime": iso(row.time),
            "notificationId": f"amzn1.dash.notification.v1.{uuid(row, 3)}",
            "version": "2015-06-05",
        },
        "deviceInfo": {
            "deviceIdentifier": {"serialNumber": device_id(_APPLIANCE, row.home)},
            "productIdentifier": {"modelId": "shelf-1"},
        },
        "customerInfo": {"directedCustomerId": directed_customer(row.home)},
    }
    if row.order >= 0:
        item = {"quantity": 1.0, "unit": "count", "asin": f"B0SIM{row.home % 3:05d}"}
        instance = f"amzn1.dash.v2.o.SIM{row.order:012d}"
        body["orderInfo"] = {"instanceId": instance, "slotId": "slot-1", "productInfo": [item]}
    return body


def _subscription(row: Row) -> dict[str, Any]:
    began = row.of is What.ENROL
    seconds = row.time // 1_000_000
    subscription = {
        "id": reference(row),
        "object": "subscription",
        "customer": f"cus_SIM{row.home:08d}",
        "created": seconds if began else None,
        "start_date": seconds if began else None,
        "ended_at": None if began else seconds,
        "canceled_at": None if began else seconds,
        "status": "active" if began else "canceled",
        "currency": "eur",
        "metadata": {"segment.user": customer_id(row.home, 0)},
        "items": {"object": "list", "data": [{"quantity": 1, "price": _price()}]},
    }
    return {
        "id": f"evt_{uuid(row, 4).replace('-', '')}",
        "object": "event",
        "api_version": "2025-09-30",
        "created": seconds,
        "livemode": True,
        "type": f"customer.subscription.{'created' if began else 'deleted'}",
        "data": {"object": {k: v for k, v in subscription.items() if v is not None}},
        "customer_email": email(row.home, 0),
    }


def _price() -> dict[str, Any]:
    return {
        "id": "price_sim",
        "object": "price",
        "currency": "eur",
        "unit_amount": 1890,
        "recurring": {"interval": "week", "interval_count": 2},
    }
