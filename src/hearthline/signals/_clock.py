"""Operational time: a calendar day counts as much as is used on such a day, by weekday and season."""

from datetime import UTC, datetime
from typing import Final

import numpy as np

from hearthline.signals._columns import DAY_US, Floats, Ints, micros

__all__ = ["AHEAD", "Clock", "months_of"]

AHEAD: Final = 740
"""Days that a clock knows after the as-of."""


def months_of(as_of: datetime, days: Ints) -> Ints:
    """Return the month (0 to 11, UTC) of the days that begin so many whole days after the as-of's own day.

    >>> months_of(datetime(2026, 1, 31, 12, tzinfo=UTC), np.array([0, 1])).tolist()
    [0, 1]
    """
    dates = np.datetime64(as_of.astimezone(UTC).date().isoformat()) + days.astype("timedelta64[D]")
    out: Ints = dates.astype("datetime64[M]").astype(np.int64) % 12
    return out


class Clock:
    """Operational days since the as-of (negative: before), by kind.

    Args:
        weekday: (kinds, 7) how much is used from Monday to Sunday, 1 on average; UTC.
        season: (kinds, 12) the same from January to December.
        as_of: the moment from which days count.
        back: how many days before it the clock must know.

    >>> even, as_of = np.ones((1, 7)), datetime(2026, 3, 2, 6, tzinfo=UTC)
    >>> Clock(even, 2 * np.ones((1, 12)), as_of, 9).ticks(np.array([-2.0, 3.5]), np.array([0, 0])).tolist()
    [-4.0, 7.0]
    """

    def __init__(self, weekday: Floats, season: Floats, as_of: datetime, back: float) -> None:
        number = micros(as_of) / DAY_US  # 1 January 1970 was a Thursday
        whole = np.arange(-int(back) - 2, AHEAD + 2)
        self.day: Floats = whole.astype(np.float64) - number % 1
        factor = weekday[:, (int(number) + whole + 3) % 7] * season[:, months_of(as_of, whole)]
        total = np.concatenate([np.zeros((len(weekday), 1)), np.cumsum(factor[:, :-1], axis=1)], axis=1)
        now = [np.interp(0.0, self.day, row) for row in total]
        self.total: Floats = total - np.array(now).reshape(-1, 1)

    def ticks(self, day: Floats, kind: Ints) -> Floats:
        """Return the operational days of calendar days, each by its kind."""
        return self._by_kind(day, kind, inverse=False)

    def days(self, ticks: Floats, kind: Ints) -> Floats:
        """Return the calendar days of operational days; infinite beyond what the clock knows."""
        return self._by_kind(ticks, kind, inverse=True)

    def _by_kind(self, at: Floats, kind: Ints, *, inverse: bool) -> Floats:
        out: Floats = np.empty_like(at)
        for k in range(len(self.total)):
            own = kind == k
            if inverse:
                out[own] = np.interp(at[own], self.total[k], self.day, right=np.inf)
            else:
                out[own] = np.interp(at[own], self.day, self.total[k])
        return out
