"""SmartThings: EVENT lifecycles of proposals on an appliance's screen, low-stock alerts, and sensors."""

from collections.abc import Iterator
from typing import Any, Final

from hearthline.sim.happenings import What
from hearthline.sim.labels import location_id
from hearthline.sim.payloads.row import Row, iso, uuid

__all__ = ["told"]

_READINGS: Final = {
    What.TEMPERATURE: ("temperatureMeasurement", "temperature", "number"),
    What.HEARTBEAT: ("healthCheck", "healthStatus", "string"),
    What.PRESENCE: ("presenceSensor", "presence", "string"),
}
_WORDS: Final = {What.HEARTBEAT: "online", What.PRESENCE: "present"}


def told(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what SmartThings would send about this happening."""
    if row.of in _READINGS and row.device_kind in ("appliance", "sensor"):
        capability, attribute, kind = _READINGS[row.of]
        value = _WORDS.get(row.of) or round(row.number, 1)
        yield _lifecycle(row, capability, attribute, value, kind)
    elif row.of is What.CYCLE:
        yield _lifecycle(row, "dishwasherOperatingState", "dishwasherJobState", "finish", "string")
    elif row.of is What.FAULT:
        yield _lifecycle(row, "custom.error", "error", f"E{row.number:.0f}", "string")
    elif row.of is What.TOUCH and row.met.name == "sensor-alert":
        yield _lifecycle(row, "filterStatus", "filterStatus", "replace", "string")


def _lifecycle(
    row: Row, capability: str, attribute: str, value: float | str, kind: str
) -> tuple[str, dict[str, Any]]:
    location = location_id(row.home)
    event: dict[str, Any] = {
        "eventId": uuid(row),
        "locationId": location,
        "deviceId": row.on,
        "componentId": "main",
        "capability": capability,
        "attribute": attribute,
        "value": value,
        "valueType": kind,
        "stateChange": True,
        "data": {},
        "subscriptionName": f"{attribute}Handler_0",
    }
    return "smartthings.ndjson", {
        "lifecycle": "EVENT",
        "executionId": uuid(row, 2),
        "locale": "en",
        "version": "0.1.0",
        "eventData": {
            "authToken": "cut-at-the-door",
            "installedApp": {
                "installedAppId": "a0000000-0000-4000-8000-000000000001",
                "locationId": location,
                "config": {},
                "permissions": [],
            },
            "events": [{"eventTime": iso(row.time), "eventType": "DEVICE_EVENT", "deviceEvent": event}],
        },
        "settings": {},
    }
