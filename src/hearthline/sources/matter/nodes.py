"""What a controller knows of a node: who made it, in which room it is, and every attribute of it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from hearthline.sources import mapping, mappings, text
from hearthline.sources.matter.clusters import code_of

__all__ = ["Node", "Reading", "node_of"]

_BASIC = (40, "basic", "basicinformation")
_LABELS = (64, "fixedlabel")
_DESCRIPTOR = (29, "descriptor")
# Device types of the Matter Device Library, as far as they say what a thing is.
_TYPES = {
    "light": (0x0100, 0x0101, 0x010C, 0x010D),
    "switch": (0x010A, 0x010B),
    "button": (0x000F, 0x0103, 0x0104, 0x0105),
    "lock": (0x000A,),
    "sensor": (0x0015, 0x0043, 0x0044, 0x0076, 0x002C, 0x0106, 0x0107, 0x0302, 0x0305, 0x0306, 0x0307),
    "appliance": (0x0070, 0x0072, 0x0073, 0x0074, 0x0075, 0x0079, 0x007B, 0x002D, 0x002B, 0x0301, 0x007C),
    "tv": (0x0023, 0x0028, 0x0024),
    "speaker": (0x0022,),
    "cover": (0x0202,),
}
_TYPE_OF = {code: kind for kind, codes in _TYPES.items() for code in codes}


class Reading(NamedTuple):
    """One attribute of one endpoint, as it was written: by numbers or by names."""

    endpoint: str | None
    cluster: object
    attribute: object
    value: Any


class Node(NamedTuple):
    """A node: its number on its fabric, its unique id, make, model, room, and kinds of its endpoints."""

    number: str | None = None
    unique: str | None = None
    make: str | None = None
    model: str | None = None
    room: str | None = None
    kinds: dict[str | None, str] = {}  # noqa: RUF012 - never changed
    readings: tuple[Reading, ...] = ()


def node_of(body: dict[str, Any]) -> Node | None:
    """Return the node that a dump describes, or None where it is none.

    >>> found = node_of({"node_id": 5, "attributes": {"1/6/0": True, "0/40/1": "Acme"}})
    >>> found.number, found.make, found.readings[0].value
    ('5', 'Acme', True)
    """
    number, attributes = text(body.get("node_id")), mapping(body.get("attributes"))
    if number is None or not attributes:
        return None
    readings = tuple(_readings(attributes))
    told = {_named(reading): reading.value for reading in readings}
    return Node(
        number=number,
        unique=_first(told, (("uniqueid", 18),)),
        make=_first(told, (("vendorname", 1),)),
        model=_first(told, (("productname", 3),)),
        room=_room(readings),
        kinds=dict(_kinds(readings)),
        readings=readings,
    )


def _readings(attributes: dict[str, Any]) -> Iterator[Reading]:
    for path, value in attributes.items():
        parts = path.split("/")
        if len(parts) == 3:
            inside = mapping(value)
            raw = inside["value"] if {"attribute_id", "value"} <= set(inside) else value
            yield Reading(parts[0], parts[1], parts[2], raw)
        elif len(parts) == 1:
            for cluster, members in mapping(value).items():
                for attribute, raw in mapping(members).items():
                    yield Reading(path, cluster, attribute, raw)


def _is(reading: Reading, cluster: tuple[object, ...]) -> bool:
    named = code_of(reading.cluster)
    return (named if named is not None else str(reading.cluster).lower()) in cluster


def _named(reading: Reading) -> tuple[bool, object]:
    code = code_of(reading.attribute)
    return _is(reading, _BASIC), code if code is not None else str(reading.attribute).lower()


def _first(told: dict[tuple[bool, object], Any], names: tuple[tuple[object, ...], ...]) -> str | None:
    return next((v for group in names for name in group if (v := text(told.get((True, name))))), None)


def _room(readings: tuple[Reading, ...]) -> str | None:
    labels = [label for r in readings if _is(r, _LABELS) for label in mappings(r.value)]
    return next((text(v.get("value")) or text(v.get("1")) for v in labels if "room" in v.values()), None)


def _kinds(readings: tuple[Reading, ...]) -> Iterator[tuple[str | None, str]]:
    """Yield each endpoint with what its device types say that it is."""
    for reading in readings:
        if not _is(reading, _DESCRIPTOR):
            continue
        for device in mappings(reading.value):
            code = code_of(device.get("type", device.get("deviceType", device.get("0"))))
            if code in _TYPE_OF:
                yield reading.endpoint, _TYPE_OF[code]
