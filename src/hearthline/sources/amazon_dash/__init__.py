"""Amazon Dash Replenishment: orders that appliances place, the supplies that they report, registrations.

Notifications come by Amazon SNS, bare or in its envelope. None of them holds a price. A device that is
registered is the decision to let it buy; every order that it places goes back to that decision. The
bodies of `slotStatus` and of the answer to `replenish` name neither device nor slot: add `slotId`,
`serialNumber` and `time` to the copy that you send.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import (
    Automation,
    Commerce,
    Device,
    Event,
    Identifier,
    Initiator,
    Modality,
    Product,
    Raw,
    Signal,
    Stage,
)
from hearthline.sources import (
    Account,
    Payload,
    Proof,
    Reply,
    Sent,
    content_id,
    each,
    enveloped,
    identified,
    instant,
    mapping,
    mappings,
    money,
    not_an_event,
    number,
    opened,
    text,
    unreadable,
    within,
)
from hearthline.sources.amazon_dash.door import answer_to, proof_of

__all__ = ["read", "recognises", "reply", "verify"]

PLATFORM = "amazon_dash"
TITLE = "Amazon Dash Replenishment"
LAYER: Literal["commerce"] = "commerce"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "the SNS message's signature and its topic; our own calls are authorised by Login with Amazon"
STATE = "live inside smart-home skills and the Alexa Connect Kit"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "yes",
    "household": "no",
    "initiator": "yes",
    "price": "no",
}
DOCS = "https://developer.amazon.com/docs/dash/notification-messages.html"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
Role = Literal["enrol", "act", "end"]


class _Meaning(NamedTuple):
    """What one type of notification means."""

    type: str
    stage: Stage
    by: Literal["human", "machine", "unknown"]
    modality: Modality = "unknown"
    role: Role | None = None
    action: Literal["placed", "cancelled"] | None = None


_NOTIFICATIONS = {
    "OrderPlaced": _Meaning("commerce.order.placed", "purchase", "machine", "automated", "act", "placed"),
    "OrderCancelled": _Meaning("commerce.order.cancelled", "post_purchase", "unknown", action="cancelled"),
    "ItemShipped": _Meaning("commerce.order.shipped", "post_purchase", "unknown"),
    "SubscriptionChanged": _Meaning("commerce.replenishment.changed", "post_purchase", "human"),
    "DeviceRegistered": _Meaning("commerce.replenishment.enrolled", "purchase", "human", role="enrol"),
    "DeviceDeregistered": _Meaning("commerce.replenishment.ended", "post_purchase", "human", role="end"),
}
_STATUS = ("remainingQuantityInUnit", "originalQuantityInUnit", "totalQuantityOnHand", "lastUseDate")


def recognises(payload: Payload) -> bool:
    """Return whether this is a notification, a slot's status or an answer to `replenish`.

    >>> recognises({"eventInstanceId": "e1", "detailCode": "STANDARD_ORDER_PLACED"})
    True
    """
    return any(_is_ours(message) for message in enveloped(opened(payload)[0]))


def _is_ours(body: dict[str, Any]) -> bool:
    if text(within(body, "notificationInfo", "notificationType")):
        return True
    return _is_status(body) or ("eventInstanceId" in body and "detailCode" in body)


def _is_status(body: dict[str, Any]) -> bool:
    return sum(key in body for key in (*_STATUS, "expectedReplenishmentDate")) >= 2


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event that a message is; a slot's status may be two readings.

    Raises:
        BadPayload: an SNS handshake, a test order, an unknown type of notification.
    """
    body, _ = opened(payload)
    if text(body.get("Type")) in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        raise not_an_event(PLATFORM, "an SNS handshake", "confirm it at its SubscribeURL")
    yield from each(enveloped(body), lambda message: _message(message, received))


def _message(body: dict[str, Any], received: datetime) -> Iterator[Event]:
    kind = text(within(body, "notificationInfo", "notificationType"))
    if kind is not None:
        yield _notification(kind.removesuffix("Notification"), body, received)
    elif _is_status(body):
        yield from _status(body, received)
    elif "detailCode" in body:
        yield _answer(body, received)
    else:
        raise unreadable(PLATFORM, "no notification", body, "send the notification whole")


def _notification(kind: str, notice: dict[str, Any], received: datetime) -> Event:
    meaning = _NOTIFICATIONS.get(kind)
    if meaning is None:
        raise unreadable(f"{PLATFORM}.notification", "an unknown type", notice, "leave it out")
    info, order = mapping(notice.get("notificationInfo")), mapping(notice.get("orderInfo"))
    device, slot = _device(mapping(notice.get("deviceInfo"))), text(order.get("slotId"))
    time, native = instant(info.get("notificationTime")), text(info.get("notificationId"))
    role = meaning.role
    if meaning.type.startswith("commerce.order.") and text(order.get("instanceId")) is None:
        raise unreadable(f"{PLATFORM}.{kind}", "no 'orderInfo.instanceId'", notice, "send it whole")
    if kind == "SubscriptionChanged" and _all_ended(notice):
        meaning, role = meaning._replace(type="commerce.replenishment.ended"), "end"
    return Event(
        id=native or content_id(PLATFORM, notice),
        id_origin="native" if native else "derived",
        source=_source(info),
        type=meaning.type,
        subject=text(order.get("instanceId")) or device.id,
        time=time or received,
        time_quality="platform" if time else "received",
        time_received=received,
        layer="commerce",
        stage=meaning.stage,
        modality=meaning.modality,
        identifiers=_identifiers(mapping(notice.get("customerInfo")), device),
        initiator=_initiator(meaning),
        automation=_automation(device, role),
        device=device,
        signal=Signal(capability="dash.slot", instance=slot) if slot else Signal(),
        commerce=_commerce(meaning, order),
        raw=_RAW,
    )


def _source(info: dict[str, Any]) -> str:
    return f"//amazon_dash/-/{text(info.get('lwaClientId')) or '-'}"


def _device(info: dict[str, Any]) -> Device:
    return Device(
        id=text(within(info, "deviceIdentifier", "serialNumber")),
        kind="appliance",
        model=text(within(info, "productIdentifier", "modelId")),
    )


def _identifiers(customer: dict[str, Any], device: Device) -> tuple[Identifier, ...]:
    person = customer.get("directedCustomerId")
    return identified("amazon.directed_customer", person, authenticated=True) + identified(
        "dash.device", device.id
    )


def _initiator(meaning: _Meaning) -> Initiator:
    if meaning.by == "unknown":
        return Initiator()
    return Initiator(kind=meaning.by, evidence="notificationInfo.notificationType")


def _automation(device: Device, role: Role | None) -> Automation:
    return Automation(
        kind="replenishment",
        role=role,
        ref_system=PLATFORM if device.id else None,
        ref_type="device" if device.id else None,
        ref_id=device.id,
    )


def _all_ended(notice: dict[str, Any]) -> bool:
    """Return whether a change of subscriptions leaves no slot that orders.

    A slot's state is a boolean in version 1, an object with `subscribed` in version 2.
    """
    info = mapping(notice.get("subscriptionInfo")) or notice
    slots = mapping(info.get("slotsSubscriptionStatus"))
    states = [v.get("subscribed") if isinstance(v, dict) else v for v in slots.values()]
    return bool(states) and all(state is False for state in states)


def _commerce(meaning: _Meaning, order: dict[str, Any]) -> Commerce:
    instance = text(order.get("instanceId"))
    if instance is None:
        return Commerce()
    return Commerce(
        action=meaning.action,
        order=instance,
        value_known=False,
        products=[_product(line, order) for line in mappings(order.get("productInfo"))] or None,
    )


def _product(line: dict[str, Any], order: dict[str, Any]) -> Product:
    """Return one line; version 1 has no ASIN, so there the slot says what was bought."""
    return Product(
        product_id=text(line.get("asin")),
        sku=text(order.get("slotId")),
        quantity=money(line.get("quantity")),
    )


def _status(body: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield the level of one slot, and the date on which it is expected to be filled again."""
    device = Device(
        id=text(body.get("serialNumber")) or text(body.get("deviceId")),
        kind="appliance",
        model=text(body.get("modelId")),
    )
    time, slot = instant(body.get("time")), text(body.get("slotId"))
    readings: list[tuple[str, object, str | None]] = [
        (name, body[name], unit)
        for name, unit in (("remainingQuantityInUnit", "UNIT"), ("totalQuantityOnHand", "COUNT"))
        if number(body.get(name)) is not None
    ]
    if not readings:
        raise unreadable(f"{PLATFORM}.slotStatus", "no quantity", body, "send remainingQuantityInUnit")
    for index, (name, value, unit) in enumerate(readings):
        amount = number(value)
        yield Event(
            id=content_id(PLATFORM, body, index),
            id_origin="derived",
            source="//amazon_dash/-/slots",
            type="device.inventory.level_reported",
            subject=slot,
            time=time or received,
            time_quality="device" if time else "received",
            time_received=received,
            layer="device",
            modality="ambient",
            initiator=Initiator(kind="machine", evidence=name),
            identifiers=identified("dash.device", device.id),
            device=device,
            signal=Signal(
                capability="dash.slot",
                attribute=name,
                instance=slot,
                value=None if amount is None else f"{amount:g}",
                number=amount,
                unit=unit,
                state_change=False,
            ),
            raw=_RAW,
        )


def _answer(body: dict[str, Any], received: datetime) -> Event:
    """Return that an appliance asked for supplies; the notification, not this, is the order."""
    code, instance = text(body.get("detailCode")) or "", text(body.get("eventInstanceId"))
    if code.startswith("TEST_"):
        raise not_an_event(f"{PLATFORM}.replenish", "a test order was placed", "use a live device")
    placed = code == "STANDARD_ORDER_PLACED"
    device = Device(id=text(body.get("serialNumber")) or text(body.get("deviceId")), kind="appliance")
    time = instant(body.get("time"))
    return Event(
        id=f"{instance}/replenish" if instance else content_id(PLATFORM, body),
        id_origin="native" if instance else "derived",
        source="//amazon_dash/-/slots",
        type=f"commerce.replenishment.{'requested' if placed else 'refused'}",
        subject=instance,
        time=time or received,
        time_quality="device" if time else "received",
        time_received=received,
        layer="commerce",
        modality="automated",
        initiator=Initiator(kind="machine", evidence="detailCode"),
        automation=_automation(device, "act"),
        identifiers=identified("dash.device", device.id),
        device=device,
        signal=Signal(capability="dash.slot", attribute="detailCode", value=code[:60] or None),
        commerce=Commerce(order=instance, value_known=False),
        raw=_RAW,
    )


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a notification: SNS signed it, and it is of the account's own topic.

    Raises:
        Unproven: it is not; the address of its certificate is checked before anything is fetched.
    """
    return proof_of(sent, account)


def reply(sent: Sent, account: Account) -> Reply | None:
    """Return the answer to the handshake of SNS, after confirming the subscription; None for the rest."""
    return answer_to(sent, account)
