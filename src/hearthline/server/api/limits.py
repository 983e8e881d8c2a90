"""How often one visitor may ask: a bucket that refills, so that a loop is slowed and a person never is."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Limit"]

_MOST = 4096


class Limit:
    """`burst` requests at once, `rate` a second after that, by visitor.

    >>> limit = Limit(burst=2, rate=1.0, clock=lambda: 0.0)
    >>> [limit.wait("ann"), limit.wait("ann"), limit.wait("ann"), limit.wait("bob")]
    [0.0, 0.0, 1.0, 0.0]
    """

    def __init__(self, burst: int, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._rate, self._clock = float(burst), rate, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, who: str) -> float:
        """Return how many seconds to wait; 0 lets the request through and counts it."""
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(who, (self._burst, now))
            left = min(self._burst, left + (now - then) * self._rate)
            through = left >= 1
            self._left[who] = (left - 1 if through else left, now)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
        return 0.0 if through else (1 - left) / self._rate
