"""How much one key may send: one measure for all doors, so that a second door is no second allowance."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

__all__ = ["Rates"]

_MOST_KEYS = 10_000


@dataclass(slots=True)
class Rates:
    """Requests and messages a second by key: a bucket that holds two seconds' worth, filled all the time.

    Args:
        per_second: of a key that has no limit of its own.

    >>> rates = Rates(1.0)
    >>> [rates.wait_s("k", now=now) for now in (0.0, 0.0, 0.0, 1.5)]
    [0.0, 0.0, 1.0, 0.0]
    >>> [rates.spent_s("k", number, now=2.0) for number in (1, 3)]
    [0.0, 3.0]
    """

    per_second: float = 10_000.0
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait_s(self, key: str, own: float | None = None, now: float | None = None) -> float:
        """Return 0 and count one request, or count none and return after how many seconds there is room.

        Args:
            key: the id of the key.
            own: the key's own limit a second.
            now: of a clock that only goes forward, in seconds.
        """
        limit, now = own or self.per_second, time.monotonic() if now is None else now
        left = self._left(key, limit, now)
        allowed = left >= 1.0
        self._keep(key, left - 1.0 if allowed else left, now)
        return 0.0 if allowed else (1.0 - left) / limit

    def spent_s(self, key: str, number: int, own: float | None = None, now: float | None = None) -> float:
        """Count what has come already, and return for how many seconds nothing more should be read."""
        limit, now = own or self.per_second, time.monotonic() if now is None else now
        left = self._left(key, limit, now) - number
        self._keep(key, left, now)
        return max(0.0, -left / limit)

    def _left(self, key: str, limit: float, now: float) -> float:
        left, at = self._buckets.pop(key, (2 * limit, now))
        return min(2 * limit, left + (now - at) * limit)

    def _keep(self, key: str, left: float, now: float) -> None:
        self._buckets[key] = (left, now)
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
