"""Lines of Homebridge's log: free text of many plugins, of which only plain sentences are understood."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hearthline.sources import instant

__all__ = ["UNCERTAIN_MS", "Line", "line_of"]

UNCERTAIN_MS = 14 * 3_600_000
"""A log has no time zone: its clock may be as far off as zones are."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"\[([^\]]{8,40})\]\s+((?:\[[^\]]{1,80}\]\s*)+)(.+)")
_LABEL = re.compile(r"\[([^\]]+)\]")
_CLOCK = re.compile(r"(\d{1,2})([/.])(\d{1,2})[/.](\d{4})[,;]?\s+(\d{1,2}):(\d\d):(\d\d)(?:\s*([AP]M))?")
_SET = re.compile(
    r"\b(?:set|setting|changed?|changing|updat(?:ed?|ing))\s+(?:the\s+)?(?:characteristic\s+)?"
    r"['\"]?([A-Za-z][A-Za-z ]{0,40}?)['\"]?\s*(?:\bto\b|->|:|=)\s*['\"]?([\w.%-]{1,40})",
    re.IGNORECASE,
)
_TURN = re.compile(r"\bturn(?:ed|ing)?\s+(on|off)\b", re.IGNORECASE)


class Line(NamedTuple):
    """What a line says: who wrote it, which characteristic has which value; `zoned`: its clock has a zone."""

    plugin: str
    label: str | None
    time: datetime | None
    zoned: bool
    characteristic: str | None = None
    value: str | None = None


def line_of(text: str, offset_min: int | None = None) -> Line | None:
    """Return what a line of the log says, or None where it is no line of Homebridge.

    >>> found = line_of("[3/1/2026, 6:05:00 PM] [homebridge-kettle] [Kettle] Set On to true")
    >>> found.label, found.characteristic, found.value, found.time.hour
    ('Kettle', 'On', 'true', 18)
    """
    found = _LINE.fullmatch(_COLOUR.sub("", text[:2000]).strip())
    if found is None:
        return None
    time, zoned = _time(found[1], offset_min)
    if time is None and not _CLOCK.fullmatch(found[1]):
        return None
    plugin, *labels = _LABEL.findall(found[2])
    said, turned = _SET.search(found[3]), _TURN.search(found[3])
    told = (said[1], said[2].rstrip(".")) if said else ("On", turned[1].lower()) if turned else (None, None)
    return Line(plugin, labels[-1] if labels else None, time, zoned, *told)


def _time(written: str, offset_min: int | None) -> tuple[datetime | None, bool]:
    """Return the time of a line, and whether its zone is known.

    >>> _time("24.11.2026, 18:36:23", 60)[0].isoformat(), _time("3/4/2026, 18:36:23", None)[0]
    ('2026-11-24T17:36:23+00:00', None)
    """
    found = _CLOCK.fullmatch(written)
    if found is None:
        stamped = instant(written) if written[:4].isdigit() else None
        return stamped, stamped is not None
    first, mark, second, year, hour, minute, seconds, half = found.groups()
    day, month = (first, second) if mark == "." or int(first) > 12 else (second, first)
    if not half and mark == "/" and int(first) <= 12 and int(second) <= 12 and first != second:
        return None, False  # 3/4 is two days, and which depends on where the log was written
    hours = int(hour) % 12 + (12 if half == "PM" else 0) if half else int(hour)
    try:
        local = datetime(int(year), int(month), int(day), hours, int(minute), int(seconds), tzinfo=UTC)
        return local - timedelta(minutes=offset_min or 0), offset_min is not None
    except (ValueError, OverflowError):
        return None, False
