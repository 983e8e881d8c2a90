"""What one request, one key and all requests together may take."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from hearthline.schema.settings import ServeSettings

__all__ = ["Rates", "Rules"]

_MOST_KEYS = 10_000


@dataclass(slots=True)
class Rates:
    """Requests a second by key: a bucket that holds two seconds' worth, filled all the time.

    >>> rates = Rates()
    >>> [rates.wait_s("k", 1.0, now) for now in (0.0, 0.0, 0.0, 1.5)]
    [0.0, 0.0, 1.0, 0.0]
    """

    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait_s(self, key: str, per_second: float, now: float | None = None) -> float:
        """Return 0 and count one request, or return after how many seconds there is room for one."""
        now = time.monotonic() if now is None else now
        left, at = self._buckets.pop(key, (2 * per_second, now))
        left = min(2 * per_second, left + (now - at) * per_second)
        allowed = left >= 1.0
        self._buckets[key] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / per_second


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of a door, out of the settings."""

    body_bytes: int = 512 * 1024
    inflated_bytes: int = 4 * 2**20
    batch_items: int = 1000
    flight_bytes: int = 64 * 2**20
    requests_per_second: float = 10_000.0

    @classmethod
    def of(cls, settings: ServeSettings) -> "Rules":
        """Return the rules that the settings say."""
        return cls(
            body_bytes=settings.body_bytes,
            inflated_bytes=settings.inflated_bytes,
            batch_items=settings.batch_items,
            flight_bytes=settings.queue_bytes,
            requests_per_second=settings.requests_per_second,
        )
