"""Garmin Health: activities, days, sleep and other summaries, as Garmin pushes them or pings of them.

One summary is one event, with the one reading that its kind is about; the payload is kept whole. All of it is
ambient and never a touch. A permission is not a consent: only one that was taken back is kept, as denied.
"""

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Consent, Device, Event, Initiator, Raw, Signal
from hearthline.sources import (
    Account,
    Payload,
    Proof,
    Sent,
    carried_secret,
    content_id,
    each,
    identified,
    instant,
    key_id,
    mapping,
    mappings,
    number,
    opened,
    text,
    unreadable,
    whole,
    word,
)

__all__ = ["read", "recognises", "verify"]

PLATFORM = "garmin"
TITLE = "Garmin Health"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "the header garmin-client-id, or a secret in the address: Garmin signs nothing"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "yes",
    "household": "no",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://developer.garmin.com/gc-developer-program/health-api/"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")


class _Kind(NamedTuple):
    """What one kind of summary tells: its event, and the reading that it is about."""

    type: str
    field: str = "durationInSeconds"
    attribute: str = "duration"
    unit: str | None = "s"


_ACTIVITY = _Kind("activity.recorded")
_KINDS = {
    "activities": _ACTIVITY,
    "activityDetails": _ACTIVITY,
    "manuallyUpdatedActivities": _ACTIVITY,
    "moveIQActivities": _ACTIVITY,
    "activityFiles": _ACTIVITY,
    "dailies": _Kind("health.reported", "steps", "steps", "count"),
    "epochs": _Kind("health.reported", "steps", "steps", "count"),
    "sleeps": _Kind("health.reported", "durationInSeconds", "sleep"),
    "bodyComps": _Kind("health.reported", "weightInGrams", "weight", "g"),
    "stressDetails": _Kind("health.reported", "averageStressLevel", "stress", None),
    "stress": _Kind("health.reported", "averageStressLevel", "stress", None),
    "userMetrics": _Kind("health.reported", "vo2Max", "vo2_max", None),
    "pulseox": _Kind("health.reported", "averageSpo2", "oxygen", "percent"),
    "pulseOx": _Kind("health.reported", "averageSpo2", "oxygen", "percent"),
    "respiration": _Kind("health.reported"),
    "allDayRespiration": _Kind("health.reported"),
    "hrv": _Kind("health.reported", "lastNightAvg", "heart_rate_variability", "ms"),
    "bloodPressures": _Kind("health.reported", "systolic", "systolic", "mmHg"),
    "skinTemp": _Kind("health.reported", "avgDeviationCelsius", "skin_temperature_deviation", "celsius"),
    "healthSnapshot": _Kind("health.reported"),
    "menstrualCycleTracking": _Kind("health.reported"),
    "deregistrations": _Kind("health.access_revoked"),
    "userPermissionsChange": _Kind("health.permissions_changed"),
}


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a sender that knows Garmin's client id or another secret of the account.

    Raises:
        Unproven: it shows neither.
    """
    shown = sent.headers.get("garmin-client-id", "").encode("utf-8", "replace")
    for secret in account.secrets:
        if shown and hmac.compare_digest(secret.encode(), shown):
            return Proof(scheme="garmin-client-id", key_id=key_id(secret))
    return carried_secret(sent, account, PLATFORM)


def recognises(payload: Payload) -> bool:
    """Return whether this is a push of summaries, a ping, or one summary by itself.

    >>> recognises({"dailies": [{"userId": "u", "summaryId": "s", "steps": 100}]})
    True
    """
    body, _ = opened(payload)
    return _is_bare(body) or any("userId" in s for kind in _KINDS for s in mappings(body.get(kind)))


def _is_bare(body: dict[str, Any]) -> bool:
    return "userId" in body and "startTimeInSeconds" in body


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a summary.

    Raises:
        BadPayload: it holds no summary; one without a user is refused after the others were yielded.
    """
    body, _ = opened(payload)
    if _is_bare(body):
        yield from _events("activities" if "activityType" in body else "summaries", body, received)
        return
    found = [(kind, summary) for kind in body if kind in _KINDS for summary in mappings(body[kind])]
    if not found:
        raise unreadable(PLATFORM, "no summaries", body, "send the push unchanged")
    yield from each(found, lambda item: _events(*item, received))


def _events(kind: str, summary: dict[str, Any], received: datetime) -> Iterator[Event]:
    user = text(summary.get("userId"))
    if user is None:
        raise unreadable(f"{PLATFORM}.{kind}", "no 'userId'", summary, "send the push unchanged")
    # Details of an activity hold its summary inside, beside the samples.
    summary = mapping(summary.get("summary")) | summary
    told = _KINDS.get(kind, _Kind("health.reported"))
    stamps = (
        "startTimeInSeconds",
        "measurementTimeInSeconds",
        "changeTimeInSeconds",
        "uploadStartTimeInSeconds",
    )
    time = next((at for stamp in stamps if (at := instant(summary.get(stamp))) is not None), None)
    offset = whole(summary.get("startTimeOffsetInSeconds"))
    native = text(summary.get("summaryId")) or text(summary.get("activityId"))
    is_ping = "callbackURL" in summary
    yield Event(
        id=_id(kind, native, summary),
        id_origin="native" if native else "derived",
        source=f"//garmin/-/{word(kind, 'summaries')}",
        type=f"device.{'health.updated' if is_ping else told.type}",
        subject=text(summary.get("activityId")),
        time=time or received,
        time_quality="device" if time else "received",
        time_received=received,
        tz_offset_min=offset // 60 if offset is not None and abs(offset) <= 14 * 3600 else None,
        layer="device",
        modality="unknown" if told.type.startswith("health.") and told.type not in _MEASURED else "ambient",
        identifiers=identified("garmin.user", user),
        initiator=_initiator(told, summary),
        device=Device(kind="wearable", make="Garmin", model=text(summary.get("deviceName"))),
        signal=_signal(kind, told, summary),
        consent=_consent(told, summary),
        raw=_RAW,
    )


_MEASURED = ("health.reported", "health.updated")


def _id(kind: str, native: str | None, summary: dict[str, Any]) -> str:
    """Return the summary's id with its length: Garmin sends a day again, longer, under the same id."""
    if native is None:
        return content_id(PLATFORM, {"kind": kind, "summary": summary})
    return f"{kind}:{native}:{text(summary.get('durationInSeconds')) or ''}"


def _initiator(told: _Kind, summary: dict[str, Any]) -> Initiator:
    if summary.get("manual") is True:
        return Initiator(kind="human", evidence="manual")
    if told.type in ("health.access_revoked", "health.permissions_changed"):
        return Initiator(
            kind="human", evidence="deregistrations" if "revoked" in told.type else "permissions"
        )
    return Initiator()


def _signal(kind: str, told: _Kind, summary: dict[str, Any]) -> Signal:
    amount = number(summary.get(told.field))
    return Signal(
        capability=kind,
        attribute=told.attribute if amount is not None else None,
        instance=text(summary.get("activityType")),
        value=None if amount is None else f"{amount:g}",
        number=amount,
        unit=told.unit if amount is not None else None,
    )


def _consent(told: _Kind, summary: dict[str, Any]) -> Consent:
    permissions = summary.get("permissions")
    nothing_left = isinstance(permissions, list) and not any("EXPORT" in str(p) for p in permissions)
    if told.type == "health.access_revoked" or (told.type == "health.permissions_changed" and nothing_left):
        evidence = "deregistrations" if "revoked" in told.type else "permissions"
        return Consent(measurement="denied", personalisation="denied", advertising="denied", source=evidence)
    return Consent()
