"""What households did until a day, as numbers that say who is leaving, and who did leave.

Three outcomes after a day: a household is *gone* already when it neither uses a device nor orders in the
next `HORIZON` + `SILENCE` days; it *leaves* when it does something within the `HORIZON` and then is silent
for `SILENCE` days; else it *stays*. Only households that did something in the `SILENCE` days before are
asked about. All is counted from days (whole numbers from any start), one row a household and day; no
household's past is looped over.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["GROUPS", "HORIZON", "SILENCE", "Days", "active", "gone", "left", "traits"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

HORIZON: Final = 28
SILENCE: Final = 28
_WINDOWS: Final = (7, 14, 28, 56)
_LONG: Final = 112

GROUPS: Final = (
    *("falling use",) * 3,
    *("falling use", "fewer days of use") * len(_WINDOWS),
    "few days of use",
    *("a pause longer than usual",) * 2,
    *("late for its own rhythm of orders",) * 2,
    "few orders",
    *("errors of its devices",) * 4,
    "new household",
)
"""What each of the traits tells, in words; traits with one word are one reason."""


@dataclass(frozen=True, slots=True)
class Days:
    """What n households did by day: uses and errors of devices (`unit`, `day`, counts), orders, first day.

    `acts` are the uses that somebody did and did not only perceive; the traits of falling use are about them.
    """

    unit: Whole
    day: Whole
    uses: Floats
    errors: Floats
    order_unit: Whole
    order_day: Whole
    first: Whole
    acts: Floats

    @property
    def n(self) -> int:
        """Number of households."""
        return len(self.first)


def _sum(days: Days, what: Floats, start: int, end: int) -> Floats:
    """Return each household's sum over the days after `start` up to `end`."""
    rows = (days.day > start) & (days.day <= end)
    return np.bincount(days.unit[rows], weights=what[rows], minlength=days.n).astype(np.float64)


def _orders(days: Days, start: int, end: int) -> Floats:
    rows = (days.order_day > start) & (days.order_day <= end)
    return np.bincount(days.order_unit[rows], minlength=days.n).astype(np.float64)


def _last(unit: Whole, day: Whole, n: int, end: int) -> Floats:
    """Return the last day up to `end`; -inf where there is none."""
    out = np.full(n, -np.inf)
    rows = day <= end
    np.maximum.at(out, unit[rows], day[rows].astype(np.float64))
    return out


def _silent(days: Days, start: int, end: int) -> Flags:
    out: Flags = (_sum(days, days.uses, start, end) == 0) & (_orders(days, start, end) == 0)
    return out


def active(days: Days, day: int) -> Flags:
    """Return who did something in the `SILENCE` days up to a day, and was there before those."""
    out: Flags = ~_silent(days, day - SILENCE, day) & (days.first <= day - SILENCE)
    return out


def gone(days: Days, day: int) -> Flags:
    """Return who did nothing any more in the `HORIZON` + `SILENCE` days after a day."""
    return _silent(days, day, day + HORIZON + SILENCE)


def left(days: Days, day: int) -> Flags:
    """Return who was silent from `HORIZON` to `HORIZON` + `SILENCE` days after a day."""
    return _silent(days, day + HORIZON, day + HORIZON + SILENCE)


def traits(days: Days, day: int) -> Floats:
    """Return (n, k) numbers of each household from its days up to `day`, told in words by `GROUPS`."""
    known = np.maximum(day - days.first + 1.0, 1.0)
    columns = [*_use(days, day, known), *_pauses(days, day, known)]
    columns += [*_ordering(days, day, known), *_errors(days, day, known), _age(days, known)]
    return np.column_stack(columns)


def _age(days: Days, known: Floats) -> Floats:
    """Return how long each household is known; those that were there when the data began count as old."""
    joined = days.first >= days.first.min(initial=1 << 40) + SILENCE
    return np.log(np.where(joined, np.minimum(known, _LONG), _LONG))


def _use(days: Days, day: int, known: Floats) -> list[Floats]:
    """Return how use of late compares with a household's own past, on scales that noise does not stretch."""
    weeks = [_sum(days, days.acts, day - 7 * k - 7, day - 7 * k) for k in range(8)]
    month, span = np.sum(weeks[:4], axis=0), np.minimum(known, _LONG)
    usual = _sum(days, days.acts, day - _LONG, day - 28) / np.maximum(span - 28, 1) * 28
    ages = np.arange(8)[::-1] - 3.5
    slope = np.tensordot(ages, np.log1p(np.array(weeks)), axes=1) / float(ages @ ages)
    columns = [np.log((month + 2) / (usual + 2)), np.log((weeks[0] + 1) / (month / 4 + 1)), slope]
    used = (days.acts > 0).astype(np.float64)
    past, length = (_sum(days, w, day - 56 - _LONG, day - 56) for w in (days.acts, used)), _past(known)
    a_day, part = (total / length for total in past)
    for window in _WINDOWS:
        total, count = (_sum(days, w, day - window, day) for w in (days.acts, used))
        columns.append(np.sqrt(total + 0.375) - np.sqrt(a_day * window + 0.375))
        noise = part * window * (1 - np.minimum(part, 0.97)) + 0.5
        columns.append((count - part * window) / np.sqrt(noise))
    return [*columns, _sum(days, used, day - 28, day) / 28]


def _past(known: Floats) -> Floats:
    return np.clip(known - 56, 1, _LONG)


def _pauses(days: Days, day: int, known: Floats) -> list[Floats]:
    """Return days since the last use, and how many days of use were missed by then."""
    used = days.uses > 0
    since = np.minimum(day - _last(days.unit[used], days.day[used], days.n, day), 84)
    part = _sum(days, used.astype(np.float64), day - 56 - _LONG, day - 56) / _past(known)
    return [np.log1p(since), since * part]


def _ordering(days: Days, day: int, known: Floats) -> list[Floats]:
    since = day - _last(days.order_unit, days.order_day, days.n, day)
    year = _orders(days, day - 365, day)
    gap = np.minimum(known, 365.0) / (year + 0.5)
    late = np.log((np.minimum(since, 365) + 7) / (gap + 7))
    return [np.log1p(np.minimum(since, 180)), late, np.log1p(year)]


def _errors(days: Days, day: int, known: Floats) -> list[Floats]:
    counts = [_sum(days, days.errors, day - window, day) for window in (7, 14, 28)]
    before = _sum(days, days.errors, day - _LONG, day - 28)
    usual = before / np.maximum(np.minimum(known, _LONG) - 28, 1) * 28
    return [*(np.log1p(c) for c in counts), np.log((counts[2] + 1) / (usual + 1))]
