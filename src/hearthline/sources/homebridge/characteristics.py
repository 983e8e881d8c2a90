"""What Apple's HomeKit accessory protocol (HAP) calls things: services and their characteristics."""

import re
from typing import Any

from hearthline.schema.event import Signal
from hearthline.sources import number, text

__all__ = ["is_sensed", "is_supply", "kind_of", "named", "signal_of"]

_KINDS = {
    "light": "Lightbulb",
    "switch": "Switch Outlet",
    "lock": "LockMechanism",
    "appliance": "Thermostat HeaterCooler AirPurifier HumidifierDehumidifier Fan Fanv2 Valve Faucet "
    "IrrigationSystem FilterMaintenance",
    "tv": "Television TelevisionSpeaker InputSource",
    "speaker": "Speaker SmartSpeaker Microphone",
    "button": "StatelessProgrammableSwitch Doorbell",
    "cover": "WindowCovering Window Door GarageDoorOpener",
    "alarm": "SecuritySystem",
    "camera": "CameraRTPStreamManagement",
}
_KIND_OF = {service: kind for kind, services in _KINDS.items() for service in services.split()}
# Types as HAP writes them on the wire: short codes in hexadecimal.
_CODES = {
    "8": "Brightness",
    "D": "CoolingThresholdTemperature",
    "E": "CurrentDoorState",
    "F": "CurrentHeatingCoolingState",
    "10": "CurrentRelativeHumidity",
    "11": "CurrentTemperature",
    "1D": "LockCurrentState",
    "1E": "LockTargetState",
    "22": "MotionDetected",
    "25": "On",
    "32": "TargetDoorState",
    "33": "TargetHeatingCoolingState",
    "35": "TargetTemperature",
    "68": "BatteryLevel",
    "6A": "ContactSensorState",
    "71": "OccupancyDetected",
    "73": "ProgrammableSwitchEvent",
    "AB": "FilterLifeLevel",
    "AC": "FilterChangeIndication",
    "B0": "Active",
    "43": "Lightbulb",
    "45": "LockMechanism",
    "47": "Outlet",
    "49": "Switch",
    "4A": "Thermostat",
    "89": "StatelessProgrammableSwitch",
    "BA": "FilterMaintenance",
}
_APPLE = re.compile(r"0*([0-9A-F]{1,8})-0000-1000-8000-0026BB765291", re.IGNORECASE)
_UNITS = {
    "CurrentTemperature": "C",
    "TargetTemperature": "C",
    "CurrentRelativeHumidity": "%",
    "Brightness": "%",
    "BatteryLevel": "%",
    "FilterLifeLevel": "PERCENT",
}


def named(told: object) -> str | None:
    """Return a service or characteristic by the name that HAP-NodeJS gives it.

    >>> named("On"), named("Current Temperature"), named("00000025-0000-1000-8000-0026BB765291"), named("25")
    ('On', 'CurrentTemperature', 'On', 'On')
    """
    found = text(told)
    if found is None:
        return None
    code = _APPLE.fullmatch(found)
    short = code[1] if code else found
    return _CODES.get(short.upper()) or (found if code else "".join(found.split()))


def kind_of(service: str | None) -> str | None:
    """Return what kind of device has such a service.

    >>> kind_of("Lightbulb"), kind_of("LeakSensor"), kind_of("Battery")
    ('light', 'sensor', None)
    """
    if service is None:
        return None
    return _KIND_OF.get(service) or ("sensor" if service.endswith("Sensor") else None)


def is_supply(characteristic: str | None) -> bool:
    """Return whether a characteristic says how much of a supply is left.

    >>> is_supply("FilterLifeLevel"), is_supply("On")
    (True, False)
    """
    return characteristic in ("FilterLifeLevel", "FilterChangeIndication", "WaterLevel")


def is_sensed(characteristic: str | None) -> bool:
    """Return whether a device senses it, so that nobody set it.

    >>> is_sensed("CurrentTemperature"), is_sensed("MotionDetected"), is_sensed("TargetTemperature")
    (True, True, False)
    """
    name = characteristic or ""
    sensed = ("Detected", "SensorState", "Level", "Density", "Quality")
    return name.endswith(sensed) or name in ("CurrentTemperature", "CurrentRelativeHumidity")


def signal_of(service: str | None, characteristic: str | None, value: Any, **told: Any) -> Signal:
    """Return the value of a characteristic as a reading."""
    amount = number(value) if isinstance(value, int | float) else None
    shown = str(value).lower() if isinstance(value, bool) else text(value)
    return Signal(
        capability=service,
        attribute=characteristic,
        value=shown or (f"{amount:g}" if amount is not None else None),
        number=amount,
        unit=_UNITS.get(characteristic or ""),
        **told,
    )
