"""Rows and records as plain values that JSON takes: exact money, UTC times, keys with all digits."""

from typing import Any

from hearthline.render.json import scalar

__all__ = ["plain"]

_SAFE = 2**53


def plain(value: Any) -> Any:
    """Return a value ready for JSON; a whole number that a script would round becomes text.

    >>> plain({"unit": 1009769987826642108, "n": 3})
    {'unit': '1009769987826642108', 'n': 3}
    """
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _SAFE:
        return str(value)
    return scalar(value)
