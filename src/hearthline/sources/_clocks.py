"""When a call happened: the sender's clock corrected by ours, as Segment and Snowplow document it."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hearthline.schema.event import Clock
from hearthline.sources._reading import instant, text

__all__ = ["clocks_of", "offset_of"]

_DAY = timedelta(days=1)
_TEN_YEARS = timedelta(days=3653)


def clocks_of(
    call: dict[str, Any], batch: dict[str, Any], received: datetime
) -> tuple[datetime, Clock, datetime | None]:
    """Return the time of a call, the clock that it came from, and when it was sent.

    Segment corrects a sender's wrong clock by the time that both sides saw: `receivedAt - (sentAt -
    timestamp)`. A call with `originalTimestamp` was corrected by Segment already. So was, most likely,
    one whose `timestamp` lies after its `sentAt`, or whose `sentAt` is a day ahead of its receipt while
    its `timestamp` is not. Without `receivedAt` our own receipt counts, unless the call is older than a
    day: then it comes from a file, and its receipt says nothing about its clock. Nothing waits ten years
    to be sent: such a `sentAt` corrects nothing.

    >>> from datetime import UTC
    >>> call = {"timestamp": "2031-01-01T00:00:00Z", "sentAt": "2031-01-01T00:00:05Z"}
    >>> clocks_of(call, {}, datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC))[0].isoformat()
    '2026-03-01T12:00:05+00:00'
    """
    stamped = call.get("timestamp")
    time = instant(stamped) if stamped is not None else None
    sent = instant(call.get("sentAt") or batch.get("sentAt"))
    if "originalTimestamp" in call:
        time = time or instant(call["originalTimestamp"])
        return (time, "platform", sent) if time else (received, "received", sent)
    at = call.get("receivedAt") or batch.get("receivedAt")
    arrived = instant(at) if at is not None else None
    if time is None:
        return (arrived, "platform", sent) if arrived else (received, "received", sent)
    if sent is None or time > sent or sent - time > _TEN_YEARS:
        return time, "device", sent
    if arrived is None:
        if received - sent > _DAY:
            return time, "device", sent
        arrived = received
    elif sent > arrived >= time and sent - arrived > _DAY:
        return time, "platform", sent
    return arrived - (sent - time), "platform", sent


@lru_cache(maxsize=1 << 14)
def _offset(name: str, year: int, month: int, day: int, hour: int) -> int | None:
    """Return a zone's offset in minutes at an hour of UTC; zones change theirs on the hour."""
    try:
        offset = datetime(year, month, day, hour, tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return None
    return None if offset is None else int(offset.total_seconds() // 60)


def offset_of(stamped: object, zone: object, time: datetime) -> int | None:
    """Return the home's offset from UTC in minutes: from the time zone, else from the stamp itself.

    >>> from datetime import UTC
    >>> offset_of(None, "Europe/Amsterdam", datetime(2026, 7, 1, tzinfo=UTC))
    120
    >>> offset_of("2026-07-01T10:00:00-05:00", None, datetime(2026, 7, 1, 15, tzinfo=UTC))
    -300
    """
    name = text(zone)
    known = _offset(name, time.year, time.month, time.day, time.hour) if name else None
    if known is not None:
        return known
    if not isinstance(stamped, str) or len(stamped) < 20 or stamped[-6] not in "+-":
        return None
    hours, minutes = stamped[-5:-3], stamped[-2:]
    if not (hours.isdigit() and minutes.isdigit()):
        return None
    return (int(hours) * 60 + int(minutes)) * (-1 if stamped[-6] == "-" else 1)
