"""Smartcar: what connected cars report, by its webhooks (versions 2, 3 and 4).

Every reported signal is one reading. Where a car is, is never read; that its place was reported, is. The cars
say nothing of what was heard in them: audio advertisements come by VAST.
"""

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import msgspec

from hearthline.schema.errors import Unproven
from hearthline.schema.event import Correlation, Device, Event, Hint, Raw, Signal
from hearthline.sources import (
    Account,
    Payload,
    Proof,
    Reply,
    Sent,
    content_id,
    embedded,
    flat,
    identified,
    instant,
    mapping,
    mappings,
    measured,
    not_an_event,
    number,
    one_secret,
    opened,
    part_id,
    signed_by,
    text,
    unreadable,
    within,
    word,
)

__all__ = ["read", "recognises", "reply", "verify"]

PLATFORM = "smartcar"
TITLE = "Smartcar (connected cars)"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "SC-Signature: HMAC-SHA256 over the body with the Application Management Token"
STATE = "live: version 4; 3 and 2 are read, too"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "sometimes",
    "household": "yes",
    "initiator": "no",
    "price": "no",
}
DOCS = "https://smartcar.com/docs/integrations/webhooks/overview"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_PLACES = ("latitude", "longitude", "address", "heading", "direction")
_EVENTS = ("VERIFY", "VEHICLE_STATE", "VEHICLE_ERROR")


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof that Smartcar sent it: the account's secret is the Application Management Token.

    Raises:
        Unproven: no signature, or another one.
    """
    secrets = one_secret(account, PLATFORM)
    found = signed_by(secrets, sent.wire or sent.body, sent.headers.get("sc-signature"))
    if found is None and sent.wire and sent.wire != sent.body:
        found = signed_by(secrets, sent.body, sent.headers.get("sc-signature"))
    if found is None:
        raise Unproven(
            PLATFORM, "the signature does not fit", "set the Application Management Token as secret"
        )
    return Proof(scheme="sc-signature", key_id=found)


def reply(sent: Sent, account: Account) -> Reply | None:
    """Return the answer to the challenge: its HMAC with the token that signed it; None for the rest."""
    challenge = _challenge(embedded(sent.body.decode("utf-8", "replace")))
    if challenge is None:
        return None
    secrets = one_secret(account, PLATFORM)
    signature = sent.headers.get("sc-signature")
    signer = next((s for s in secrets if signed_by((s,), sent.wire or sent.body, signature)), secrets[0])
    answer = hmac.new(signer.encode(), challenge.encode(), sha256).hexdigest()
    return Reply(body=msgspec.json.encode({"challenge": answer}))


def _challenge(body: dict[str, Any]) -> str | None:
    if text(body.get("eventType")) == "VERIFY":
        return text(within(body, "data", "challenge"))
    return text(within(body, "payload", "challenge")) if body.get("eventName") == "verify" else None


def recognises(payload: Payload) -> bool:
    """Return whether this is a webhook of Smartcar's.

    >>> recognises({"eventType": "VEHICLE_STATE", "vehicleId": "v", "data": {"signals": []}})
    True
    """
    body, _ = opened(payload)
    if text(body.get("eventType")) in _EVENTS and isinstance(body.get("data"), dict):
        return True
    return "eventName" in body and isinstance(body.get("payload"), dict) and "webhookId" in body


class _Car(NamedTuple):
    """One car of one message, and when we got it."""

    body: dict[str, Any]
    vehicle: dict[str, Any]
    user: dict[str, Any]
    received: datetime
    native: str | None

    def event(
        self, index: int, kind: str, signal: Signal, time: datetime | None, *, is_device: bool
    ) -> Event:
        """Return an event with what all events of the car share."""
        car = text(self.vehicle.get("id")) or text(self.vehicle.get("vehicleId"))
        owner = text(self.user.get("id"))
        kinds = identified("smartcar.vehicle", car) + identified("smartcar.user", owner)
        clock: Literal["device", "platform"] = "device" if is_device else "platform"
        return Event(
            id=part_id(self.native, index) if self.native else content_id(PLATFORM, self.body, index),
            id_origin="native" if self.native else "derived",
            source="//smartcar/-/vehicles",
            type=kind,
            subject=car,
            time=time or self.received,
            time_quality=clock if time else "received",
            time_received=self.received,
            layer="device",
            modality="ambient",
            identifiers=kinds + identified("smartcar.external_user", self.user.get("externalId")),
            household_hints=(Hint(kind="account", value=owner),) if owner else (),
            correlation=Correlation(root=self.native if index else None),
            device=Device(
                id=car,
                kind="vehicle",
                make=text(self.vehicle.get("make")),
                model=text(self.vehicle.get("model")),
            ),
            signal=signal,
            raw=_RAW,
        )


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a reported signal or error.

    Raises:
        BadPayload: the challenge, or neither signals nor errors in it.
    """
    body, _ = opened(payload)
    if text(body.get("eventType")) == "VERIFY" or body.get("eventName") == "verify":
        raise not_an_event(f"{PLATFORM}.VERIFY", "a challenge")
    found = list(_second(body, received) if "eventName" in body else _later(body, received))
    if not found:
        raise unreadable(PLATFORM, "no signals and no errors", body, "send the webhook whole")
    yield from found


def _later(body: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield the events of versions 3 and 4."""
    data = mapping(body.get("data"))
    vehicle = {"id": body.get("vehicleId")} | mapping(data.get("vehicle"))
    user = mapping(data.get("user")) or {"id": body.get("userId")}
    car = _Car(body, vehicle, user, received, text(body.get("eventId")))
    sent = instant(within(body, "meta", "deliveredAt"))
    fired = {text(trigger.get("code")) for trigger in mappings(data.get("triggers"))} - {None}
    index = -1
    for signal in mappings(data.get("signals")):
        for reading in _readings(signal):
            code = text(signal.get("code"))
            own, fetched = (instant(within(signal, "meta", name)) for name in ("oemUpdatedAt", "fetchedAt"))
            changed = (code in fired) if fired else None
            told = msgspec.structs.replace(reading, state_change=changed, instance=code)
            index += 1
            yield car.event(
                index, "device.state.reported", told, own or fetched or sent, is_device=own is not None
            )
    for error in mappings(data.get("errors")):
        index += 1
        signal_ = Signal(
            capability="error",
            attribute=text(error.get("type")) or "error",
            value=text(error.get("code")) or text(error.get("state")),
        )
        yield car.event(index, "device.error.reported", signal_, sent, is_device=False)


def _readings(signal: dict[str, Any]) -> list[Signal]:
    """Return a signal's values; of a place, only that it was reported; of a failure, that."""
    group = text(signal.get("group")) or (text(signal.get("code")) or "unknown").partition("-")[0]
    name = text(signal.get("name")) or text(signal.get("code")) or "unknown"
    body = mapping(signal.get("body"))
    failure = text(within(signal, "error", "type")) or text(within(signal, "error", "code"))
    if failure is not None or (not body and within(signal, "status", "value") == "ERROR"):
        return [Signal(capability=group, attribute=name, value=f"error: {failure or 'unknown'}"[:80])]
    unit = text(body.get("unit"))
    plain = {key: value for key, value in body.items() if key != "unit" and key.lower() not in _PLACES}
    found = [
        measured(group, name if path == "value" else f"{name}.{path}", value, unit=unit)
        for path, value in flat(plain)
        if path.rpartition(".")[2].lower() not in _PLACES
    ]
    return found or [Signal(capability=group, attribute=name)]


_REFUSED = 400  # HTTP


def _second(body: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield the events of version 2: each car has paths with bodies, as its API answers them."""
    for car_index, told in enumerate(mappings(within(body, "payload", "vehicles"))):
        request = text(told.get("requestId"))
        native = f"{request}:{car_index}" if request else None
        vehicle = {"id": told.get("vehicleId")}
        car = _Car({"vehicle": told}, vehicle, {"id": told.get("userId")}, received, native)
        sent, index = instant(told.get("timestamp")), -1
        for part in mappings(told.get("data")):
            group = word(part.get("path"), "unknown")
            aged = instant(within(part, "headers", "sc-data-age"))
            for reading in _paths(group, mapping(part.get("body")), number(part.get("code"))):
                index += 1
                yield car.event(
                    index, "device.state.reported", reading, aged or sent, is_device=aged is not None
                )


def _paths(group: str, body: dict[str, Any], code: float | None) -> Iterator[Signal]:
    if code is not None and code >= _REFUSED:
        yield Signal(capability=group, attribute=group, value=f"error: {code:.0f}")
        return
    found = [(path, value) for path, value in flat(body) if path.rpartition(".")[2].lower() not in _PLACES]
    if not found:
        yield Signal(capability=group, attribute=group)
    for path, value in found:
        yield measured(group, path, value)
