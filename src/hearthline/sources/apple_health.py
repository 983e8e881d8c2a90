"""Apple Health: readings, sleep and workouts, as apps post them or as a person exported them.

Apple sends nothing by itself. Read are the JSON of Health Auto Export, the JSON of HealthKit bridges
(`records`, `sleep`, `workouts`), and the elements of `export.xml`. Names of people's devices, birthdays and
clinical records are never read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Device, Event, Identifier, Raw, Signal
from hearthline.sources import (
    Payload,
    content_id,
    each,
    identified,
    instant,
    mapping,
    mappings,
    not_an_event,
    number,
    opened,
    text,
    unreadable,
    within,
    word,
)

__all__ = ["read", "recognises"]

PLATFORM = "apple_health"
TITLE = "Apple Health"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "a write key in the app that posts; a file needs none"
STATE = "live: by export.xml, by apps such as Health Auto Export, or by your own app"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "sometimes",
    "household": "no",
    "initiator": "no",
    "price": "no",
}
DOCS = "https://developer.apple.com/documentation/healthkit"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_PARTS = ("records", "sleep", "workouts", "metrics", "symptoms")
_XML_PARTS = ("Record", "Workout", "ActivitySummary")
_XML_REFUSED = {
    "Me": "what a person is, not what happened",
    "ExportDate": "when it was exported",
    "Correlation": "a pair of records that stand by themselves, too",
    "ClinicalRecord": "a clinical record; it is not read",
    "Audiogram": "a clinical record; it is not read",
    "VisionPrescription": "a clinical record; it is not read",
}


def recognises(payload: Payload) -> bool:
    """Return whether this is a post of an app, or an element of an export.

    >>> recognises({"data": {"metrics": [{"name": "step_count", "units": "count", "data": []}]}})
    True
    >>> recognises({"HealthData": {"Record": {"type": "HKQuantityTypeIdentifierStepCount"}}})
    True
    """
    body, _ = opened(payload)
    if isinstance(body.get("HealthData"), dict):
        return True
    data = mapping(body.get("data"))
    return any(isinstance(data.get(part), list) for part in _PARTS) or bool(_alone(body))


def _alone(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return HealthKit's samples where they stand without `data` around them: a list, or one by itself."""
    samples = mappings(body.get("records")) or [body]
    return [s for s in samples if (text(s.get("type")) or "").startswith(("HKQuantity", "HKCategory"))]


class _Reading(NamedTuple):
    """One reading, whatever shape it came in."""

    item: dict[str, Any]
    kind: str
    amount: object
    unit: str | None
    start: object
    end: object = None
    attribute: str = "value"
    is_activity: bool = False


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a reading, stage of sleep, symptom or workout.

    Raises:
        BadPayload: there is none in it; one without a time, and parts that are not read, are refused after
            the others were yielded.
    """
    body, _ = opened(payload)
    if isinstance(body.get("HealthData"), dict):
        yield _event(_of_xml(body["HealthData"]), (), received)
        return
    if not recognises(payload):
        raise unreadable(PLATFORM, "no 'data' with records or metrics", body, "send the app's JSON unchanged")
    user = next(
        (text(body.get(k)) for k in ("userId", "user_id", "externalUserId") if text(body.get(k))), None
    )
    data = mapping(body.get("data")) or {"records": _alone(body)}
    found = [{"reading": reading} for reading in _readings(data)]
    unread = [part for part, items in data.items() if part not in _PARTS and mappings(items)]
    if not found and not unread:
        raise not_an_event(PLATFORM, "an export without readings")
    known = identified("apple_health.user", user)
    yield from each(found, lambda item: [_event(item["reading"], known, received)])
    if unread:
        place = f"{PLATFORM}.{word(unread[0], 'part')}"
        raise not_an_event(place, "a part of an app's export that is not read")


def _event(reading: _Reading, known: tuple[Identifier, ...], received: datetime) -> Event:
    start, end = _time(reading.start), _time(reading.end)
    if start is None:
        cure = "export with dates"
        raise unreadable(f"{PLATFORM}.{word(reading.kind, 'reading')}", "no time", reading.item, cure)
    native = text(reading.item.get("id"))
    amount = number(reading.amount)
    model = _model(reading.item)
    shown = text(reading.amount) or (None if amount is None else f"{amount:g}")
    return Event(
        id=native or content_id(PLATFORM, [reading.kind, reading.attribute, reading.item]),
        id_origin="native" if native else "derived",
        source="//apple_health/-/export",
        type=f"device.{'activity.recorded' if reading.is_activity else 'health.reported'}",
        time=start,
        time_quality="device",
        time_uncertainty_ms=max((end - start) // timedelta(milliseconds=1), 0) if end else None,
        time_received=received,
        layer="device",
        modality="ambient",
        identifiers=known,
        device=Device(
            kind="phone" if model and "phone" in model.lower() else "wearable", make="Apple", model=model
        ),
        signal=Signal(
            capability=reading.kind,
            attribute=reading.attribute,
            value=shown.removeprefix("HKCategoryValue") if shown else None,
            number=amount,
            unit=reading.unit,
        ),
        raw=_RAW,
    )


def _time(value: object) -> datetime | None:
    """Return a time, also where a space stands before its zone, as Apple writes it.

    >>> _time("2026-03-01 10:00:00 +0100").isoformat()
    '2026-03-01T09:00:00+00:00'
    """
    return instant(re.sub(r"\s(?=[+-]\d\d:?\d\d$)", "", value.strip()) if isinstance(value, str) else value)


def _model(item: dict[str, Any]) -> str | None:
    source = mapping(item.get("source"))
    told = text(source.get("productType")) or text(source.get("deviceModel"))
    found = re.search(r"\bmodel:([\w ,]{1,30}?)(?:,|>|$)", text(item.get("device")) or "")
    return told or (found[1].strip() if found else None)


def _kind(value: object) -> str:
    """Return a type without Apple's prefixes.

    >>> _kind("HKQuantityTypeIdentifierStepCount"), _kind("HKWorkoutActivityTypeWalking"), _kind("step_count")
    ('StepCount', 'Walking', 'step_count')
    """
    told = text(value) or "unknown"
    return re.sub(r"^HK(?:Quantity|Category|Data)TypeIdentifier|^HKWorkoutActivityType", "", told) or told


# Shapes ---------------------------------------------------------------------


def _readings(data: dict[str, Any]) -> Iterator[_Reading]:
    shapes: dict[str, Callable[[dict[str, Any]], Iterator[_Reading]]] = {
        "records": _record,
        "sleep": _sleep,
        "workouts": _workout,
        "metrics": _metric,
        "symptoms": _symptom,
    }
    for part, shape in shapes.items():
        for item in mappings(data.get(part)):
            yield from shape(item)


def _record(item: dict[str, Any]) -> Iterator[_Reading]:
    yield _Reading(
        item,
        _kind(item.get("type")),
        item.get("value"),
        text(item.get("unit")),
        item.get("startDate"),
        item.get("endDate"),
    )


def _sleep(item: dict[str, Any]) -> Iterator[_Reading]:
    yield _Reading(
        item, "sleep", item.get("stage"), None, item.get("startDate"), item.get("endDate"), "stage"
    )


def _workout(item: dict[str, Any]) -> Iterator[_Reading]:
    start, end = item.get("startDate") or item.get("start"), item.get("endDate") or item.get("end")
    told = next((v for v in mappings(item.get("values")) if v.get("type") == "duration"), {})
    amount = told.get("value") if told else item.get("duration")
    if isinstance(amount, dict):
        amount = amount.get("qty")
    kind = _kind(item.get("type") or item.get("name"))
    yield _Reading(
        item, kind, amount, text(told.get("unit")) or "s", start, end, "duration", is_activity=True
    )


def _symptom(item: dict[str, Any]) -> Iterator[_Reading]:
    start, end = item.get("startDate") or item.get("start"), item.get("endDate") or item.get("end")
    yield _Reading(item, _kind(item.get("name")), item.get("severity"), None, start, end, "severity")


_FIELDS = ("qty", "Avg", "Min", "Max", "systolic", "diastolic", "totalSleep", "asleep", "inBed", "value")
_ATTRIBUTES = {"qty": "value", "Avg": "average", "Min": "lowest", "Max": "highest"}


def _metric(metric: dict[str, Any]) -> Iterator[_Reading]:
    """Yield each value of each point of a metric of Health Auto Export: those we know, and other numbers."""
    kind, unit = _kind(metric.get("name")), text(metric.get("units"))
    for point in mappings(metric.get("data")):
        start = point.get("date") or point.get("startDate") or point.get("sleepStart")
        others = [k for k, v in point.items() if k not in _FIELDS and type(v) in (int, float)]
        for field in (*_FIELDS, *others):
            if text(point.get(field)) is not None or number(point.get(field)) is not None:
                attribute = _ATTRIBUTES.get(field, field)
                yield _Reading(point, kind, point[field], unit, start, point.get("endDate"), attribute)


def _of_xml(data: dict[str, Any]) -> _Reading:
    """Return the reading of one element of `export.xml`.

    Raises:
        BadPayload: an element that is no reading.
    """
    name = next(iter(data), "")
    element = mapping(data.get(name))
    if name in _XML_REFUSED:
        raise not_an_event(f"{PLATFORM}.{name}", _XML_REFUSED[name])
    start, end = element.get("startDate"), element.get("endDate")
    if name == "Record":
        return _Reading(
            element, _kind(element.get("type")), element.get("value"), text(element.get("unit")), start, end
        )
    if name == "Workout":
        kind, unit = _kind(element.get("workoutActivityType")), text(element.get("durationUnit"))
        return _Reading(
            element, kind, element.get("duration"), unit, start, end, "duration", is_activity=True
        )
    if name == "ActivitySummary":
        amount, unit = element.get("activeEnergyBurned"), text(element.get("activeEnergyBurnedUnit"))
        return _Reading(element, "ActivitySummary", amount, unit, element.get("dateComponents"))
    raise unreadable(PLATFORM, "an unknown element", within(data, name) or data, "leave it out")
