"""The clusters of Matter that tell something of a home, and their attributes with unit and scale.

Numbers are those of the Matter Application Cluster specification.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from hearthline.sources import number, text

__all__ = ["Attribute", "Cluster", "attribute_of", "cluster_of", "code_of", "value_of"]


class Attribute(NamedTuple):
    """One attribute: its name, and what a raw value is worth (`value * scale` in `unit`)."""

    name: str
    unit: str | None = None
    scale: float = 1.0


class Cluster(NamedTuple):
    """One cluster: its number, name, kind of device, and attributes by number."""

    id: int
    name: str
    kind: str | None
    attributes: dict[int, Attribute]
    is_supply: bool = False


_A = Attribute
_MODE = {1: _A("currentMode")}
_FILTER = {0: _A("condition", "PERCENT"), 2: _A("changeIndication")}
_STATE = {1: _A("currentPhase"), 4: _A("operationalState")}
_CLUSTERS = (
    Cluster(6, "OnOff", None, {0: _A("onOff")}),
    Cluster(8, "LevelControl", None, {0: _A("currentLevel")}),
    Cluster(47, "PowerSource", None, {12: _A("batPercentRemaining", "%", 0.5), 14: _A("batChargeLevel")}),
    Cluster(59, "Switch", "button", {1: _A("currentPosition")}),
    Cluster(69, "BooleanState", "sensor", {0: _A("stateValue")}),
    Cluster(73, "OvenMode", "appliance", _MODE),
    Cluster(81, "LaundryWasherMode", "appliance", _MODE),
    Cluster(82, "RefrigeratorAndTemperatureControlledCabinetMode", "appliance", _MODE),
    Cluster(84, "RvcRunMode", "appliance", _MODE),
    Cluster(85, "RvcCleanMode", "appliance", _MODE),
    Cluster(86, "TemperatureControl", "appliance", {0: _A("temperatureSetpoint", "C", 0.01)}),
    Cluster(87, "RefrigeratorAlarm", "appliance", {2: _A("state")}),
    Cluster(89, "DishwasherMode", "appliance", _MODE),
    Cluster(91, "AirQuality", "sensor", {0: _A("airQuality")}),
    Cluster(92, "SmokeCoAlarm", "sensor", {1: _A("smokeState"), 2: _A("coState"), 3: _A("batteryAlert")}),
    Cluster(93, "DishwasherAlarm", "appliance", {2: _A("state")}),
    Cluster(94, "MicrowaveOvenMode", "appliance", _MODE),
    Cluster(96, "OperationalState", "appliance", _STATE),
    Cluster(97, "RvcOperationalState", "appliance", _STATE),
    Cluster(113, "HepaFilterMonitoring", "appliance", _FILTER, is_supply=True),
    Cluster(114, "ActivatedCarbonFilterMonitoring", "appliance", _FILTER, is_supply=True),
    Cluster(121, "WaterTankLevelMonitoring", "appliance", _FILTER, is_supply=True),
    Cluster(129, "ValveConfigurationAndControl", None, {4: _A("currentState")}),
    Cluster(144, "ElectricalPowerMeasurement", None, {8: _A("activePower", "W", 0.001)}),
    Cluster(257, "DoorLock", "lock", {0: _A("lockState"), 3: _A("doorState")}),
    Cluster(258, "WindowCovering", "cover", {14: _A("currentPositionLiftPercent100ths", "%", 0.01)}),
    Cluster(
        513,
        "Thermostat",
        "appliance",
        {
            0: _A("localTemperature", "C", 0.01),
            17: _A("occupiedCoolingSetpoint", "C", 0.01),
            18: _A("occupiedHeatingSetpoint", "C", 0.01),
            28: _A("systemMode"),
        },
    ),
    Cluster(514, "FanControl", "appliance", {0: _A("fanMode"), 3: _A("percentCurrent", "%")}),
    Cluster(
        768,
        "ColorControl",
        "light",
        {0: _A("currentHue"), 1: _A("currentSaturation"), 7: _A("colorTemperatureMireds", "mired")},
    ),
    Cluster(1024, "IlluminanceMeasurement", "sensor", {0: _A("measuredValue")}),
    Cluster(1026, "TemperatureMeasurement", "sensor", {0: _A("measuredValue", "C", 0.01)}),
    Cluster(1027, "PressureMeasurement", "sensor", {0: _A("measuredValue", "kPa", 0.1)}),
    Cluster(1028, "FlowMeasurement", "sensor", {0: _A("measuredValue", "m3/h", 0.1)}),
    Cluster(1029, "RelativeHumidityMeasurement", "sensor", {0: _A("measuredValue", "%", 0.01)}),
    Cluster(1030, "OccupancySensing", "sensor", {0: _A("occupancy")}),
    Cluster(1286, "MediaPlayback", "tv", {0: _A("currentState")}),
)
_BY_ID = {cluster.id: cluster for cluster in _CLUSTERS}
_BY_NAME = {cluster.name.lower(): cluster for cluster in _CLUSTERS}


def cluster_of(told: object) -> Cluster | None:
    """Return the cluster of that number or name, or None where it tells nothing of a home.

    >>> cluster_of(6).name, cluster_of("0x0006").name, cluster_of("OnOff").id, cluster_of(40)
    ('OnOff', 'OnOff', 6, None)
    """
    code = code_of(told)
    if code is not None:
        return _BY_ID.get(code)
    return _BY_NAME.get((text(told) or "").lower().replace("_", "").removesuffix("cluster"))


def attribute_of(cluster: Cluster, told: object) -> Attribute | None:
    """Return the attribute of that number or name, or None.

    >>> attribute_of(cluster_of(1026), "MeasuredValue").scale, attribute_of(cluster_of(6), 0).name
    (0.01, 'onOff')
    """
    code = code_of(told)
    if code is not None:
        return cluster.attributes.get(code)
    name = (text(told) or "").lower().replace("_", "").replace("-", "")
    return next((a for a in cluster.attributes.values() if a.name.lower() == name), None)


def code_of(told: object) -> int | None:
    """Return a number as Matter writes it: plain, as text, or hexadecimal.

    >>> code_of(257), code_of("257"), code_of("0x0101"), code_of("DoorLock"), code_of(True)
    (257, 257, 257, None, None)
    """
    if isinstance(told, str):
        return _code_in(told)
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 1 << 32 else None


# A dump writes the same few numbers again and again.
@lru_cache(maxsize=4096)
def _code_in(told: str) -> int | None:
    shown = told.strip().lower()
    base = 16 if shown.startswith("0x") else 10
    digits = shown.removeprefix("0x")
    short = digits.isascii() and digits.isalnum() and len(digits) <= 8
    if not short or not all(c in "0123456789abcdef"[:base] for c in digits):
        return None
    return int(digits, base)


def value_of(attribute: Attribute, raw: Any) -> tuple[str | None, float | None]:
    """Return a raw value as text and as a number in its unit; nothing where there is none.

    >>> value_of(Attribute("measuredValue", "C", 0.01), 2150), value_of(Attribute("onOff"), True)
    (('21.5', 21.5), ('true', None))
    """
    if isinstance(raw, bool):
        return str(raw).lower(), None
    amount = number(raw) if isinstance(raw, int | float) else None
    if amount is None:
        return text(raw), None
    scaled = round(amount * attribute.scale, 6)
    return f"{scaled:g}", scaled
