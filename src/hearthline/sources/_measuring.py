"""Readers of telemetry that device sources share: nested readings made flat, bodies that travel as base64.

Members import these from `hearthline.sources`.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from hearthline.schema.event import Signal
from hearthline.sources._reading import mapping, number, text

__all__ = ["flat", "measured", "spelled", "unwrapped"]

_MOST = 100
# A number as devices write it into text; a code such as 007 is none.
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,11})(?:\.\d{1,12})?")
_DEEPEST = 4


def flat(readings: object) -> list[tuple[str, Any]]:
    """Return each plain value of nested readings with its path: four levels deep, a hundred at most.

    >>> flat({"milk": {"litres": 0.5}, "door": False, "": 3, "rows": [{"t": 1}, 2]})
    [('milk.litres', 0.5), ('door', False), ('rows.0.t', 1)]
    """
    return list(islice(_flat(mapping(readings), "", 1), _MOST))


def _flat(readings: dict[str, Any], before: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in readings.items():
        if isinstance(value, dict | list):
            if depth < _DEEPEST:
                inside = value if isinstance(value, dict) else _objects(value)
                yield from _flat(inside, f"{before}{name}.", depth + 1)
        elif isinstance(value, str | int | float) and text(name):
            yield f"{before}{name}", value


def _objects(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items[:_MOST]) if isinstance(item, dict)}


_LONGEST = 200


def spelled(value: object) -> str | None:
    """Return a value that is an object or a list as JSON, where that is short.

    >>> spelled({"saturation": 0.5, "hue": 120})
    '{"hue":120,"saturation":0.5}'
    """
    written = msgspec.json.encode(value, order="deterministic").decode()
    return text(written) if len(written) <= _LONGEST else None


def measured(capability: str | None, path: str, value: object, **told: Any) -> Signal:
    """Return a reading: its value as text, and as a number where the device sent one, also as text.

    >>> found = measured("home/fridge", "t", 4.50)
    >>> found.value, found.number, measured(None, "door", True).value, measured(None, "t", "22.50").number
    ('4.5', 4.5, 'true', 22.5)
    """
    shown = str(value).lower() if isinstance(value, bool) else text(value)
    amount = number(value) if not isinstance(value, str) or _DECIMAL.fullmatch(value) else None
    return Signal(
        capability=capability,
        attribute=path,
        value=shown or (f"{amount:g}" if amount is not None else None),
        number=amount,
        **told,
    )


def unwrapped(value: object) -> dict[str, Any]:
    """Return the readings that are the value, or are written in it as JSON text or as base64 of JSON.

    A bare number is named `value`, the items of a list by their place; nothing readable is an empty object.

    >>> unwrapped({"t": 4}), unwrapped('{"t": 4}'), unwrapped("eyJ0IjogNH0="), unwrapped("dGVzdA==")
    ({'t': 4}, {'t': 4}, {'t': 4}, {})
    >>> unwrapped(4.5), unwrapped('[{"t": 4}]')
    ({'value': 4.5}, {'0': {'t': 4}})
    """
    if not isinstance(value, str):
        return _named(value)
    found = _named(_decoded(value))
    if found:
        return found
    try:
        return _named(_decoded(base64.b64decode(value, validate=True)))
    except (ValueError, binascii.Error):
        return {}


def _decoded(value: str | bytes) -> object:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _named(value: object) -> dict[str, Any]:
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value[:_MOST])}
    if isinstance(value, int | float):
        return {"value": value}
    return mapping(value)
