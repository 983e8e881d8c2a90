"""Where things that move were when: visits, moves, and homes that share a thing for weeks.

A carrier is whatever moves between homes: a device, a browser that several people used, a group of
people and accounts. A stay says that it was seen with a home between two times. Where two homes used
it side by side for a week or more they are one; where one follows the other, it moved on that day; a
short stay inside a longer one is a visit.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hearthline.identity.evidence import Pairs

__all__ = [
    "ALWAYS_FROM",
    "ALWAYS_TO",
    "MOST_STAYS",
    "WEEK_US",
    "Residences",
    "composed",
    "counting",
    "crowded",
    "residences",
    "side_by_side",
    "visits",
]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ALWAYS_FROM, ALWAYS_TO = -(2**61), 2**61
WEEK_US = 7 * 86_400_000_000
SUSTAINED = 3
MOST_STAYS = 50
"""A carrier seen with more homes than this lives in none of them."""


@dataclass(frozen=True, slots=True)
class Residences:
    """Where carriers lived: without gaps or overlaps, sorted by carrier and start (microseconds)."""

    carrier: Ints
    home: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        """Return the number of residences."""
        return len(self.carrier)

    def rows_of(self, carriers: Ints) -> tuple[Ints, Ints]:
        """Return the residences of each carrier: its place in the question, and the residence's place."""
        begin = np.searchsorted(self.carrier, carriers, "left")
        many = np.searchsorted(self.carrier, carriers, "right") - begin
        return np.repeat(np.arange(len(carriers)), many), np.repeat(begin, many) + counting(many)

    def latest(self, label: Ints) -> Ints:
        """Return the labels with each carrier's label replaced by the home where it lives now."""
        last = np.append(self.carrier[1:] != self.carrier[:-1], True) if len(self) else np.zeros(0, bool)
        now = np.arange(len(label))
        now[self.carrier[last]] = self.home[last]
        settled: Ints = now[label]
        return settled


def counting(lengths: Ints) -> Ints:
    """Return 0, 1, ... for each length, one after the other.

    >>> counting(np.array([2, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    counted: Ints = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return counted


def crowded(stays: Pairs, most: Ints) -> Bools:
    """Return which stays belong to a carrier that was seen with more homes than it may (`most` by code)."""
    many = np.bincount(stays.left, minlength=len(most)) > most
    return many[stays.left]


def side_by_side(stays: Pairs) -> Ints:
    """Return (k, 2) homes that used one carrier in the same weeks, each more than in passing."""
    order = np.lexsort((stays.first_us, stays.left))
    carrier, home = stays.left[order], stays.right[order]
    first, last, events = stays.first_us[order], stays.last_us[order], stays.events[order]
    overlap = np.minimum(last[1:], last[:-1]) - np.maximum(first[1:], first[:-1])
    lasting = (events[1:] >= SUSTAINED) & (events[:-1] >= SUSTAINED) & (overlap >= WEEK_US)
    found = (carrier[1:] == carrier[:-1]) & lasting
    return np.stack([home[:-1][found], home[1:][found]], axis=1)


def visits(stays: Pairs, group: Ints | None = None, *, overlapping: bool = False) -> Bools:
    """Return which stays are a visit: inside a longer stay of the same carrier that shows more events.

    Args:
        stays: at most `MOST_STAYS` of one carrier.
        group: stays are compared inside one group of a carrier only.
        overlapping: a week beside a stay with more events is a visit, too (an office, a parcel).
    """
    visiting = np.zeros(len(stays), bool)
    key = stays.left if group is None else stays.left * (group.max(initial=0) + 1) + group
    _, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    contested = np.flatnonzero(count[inverse] > 1)
    if not len(contested):
        return visiting
    order = contested[np.lexsort((stays.first_us[contested], -stays.events[contested], key[contested]))]
    for some in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        for guest in some[1:]:
            hosts = some[~visiting[some] & (stays.events[some] > stays.events[guest])]
            begin, end = stays.first_us[hosts], stays.last_us[hosts]
            inside = (begin <= stays.first_us[guest]) & (end >= stays.last_us[guest])
            if overlapping:
                shared = np.minimum(end, stays.last_us[guest]) - np.maximum(begin, stays.first_us[guest])
                inside |= shared >= WEEK_US
            visiting[guest] = inside.any()
    return visiting


def residences(stays: Pairs) -> Residences:
    """Return where each carrier lived: with each home from its first event there to the next home's."""
    rows = np.lexsort((stays.right, stays.first_us, stays.left))
    carrier, home, start = stays.left[rows], stays.right[rows], stays.first_us[rows].copy()
    opens = np.ones(len(rows), bool)
    opens[1:] = carrier[1:] != carrier[:-1]
    start[opens] = ALWAYS_FROM
    closes = np.append(opens[1:], True) if len(rows) else opens
    end = np.append(start[1:], ALWAYS_TO) if len(rows) else start
    end[closes] = ALWAYS_TO
    return Residences(carrier, home, start, end)


def composed(lived: Residences, moving: Residences) -> Residences:
    """Return residences in which each home that moves itself is replaced by where it was meanwhile."""
    if not len(moving) or not len(lived):
        return lived
    row, at = moving.rows_of(lived.home)
    start = np.maximum(lived.start[row], moving.start[at])
    end = np.minimum(lived.end[row], moving.end[at])
    kept = start < end
    row, at, start, end = row[kept], at[kept], start[kept], end[kept]
    still = np.ones(len(lived), bool)
    still[row] = False
    both = replace(
        lived,
        carrier=np.append(lived.carrier[still], lived.carrier[row]),
        home=np.append(lived.home[still], moving.home[at]),
        start=np.append(lived.start[still], start),
        end=np.append(lived.end[still], end),
    )
    order = np.lexsort((both.start, both.carrier))
    return Residences(*(getattr(both, name)[order] for name in ("carrier", "home", "start", "end")))
