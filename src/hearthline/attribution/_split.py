"""Exact money: one order's value split over its touches, to the micro-unit."""

import numpy as np

from hearthline.schema.journey import Floats, Ints

__all__ = ["split"]

_WHOLE = 1e-9


def split(values: Ints, shares: Floats, offsets: Ints) -> Ints:
    """Return the (m,) amounts of the touches in millionths of a currency unit.

    Each journey's amounts sum exactly to its value where its shares sum to 1 (to 1e-9), else to the
    value times their sum, rounded down. Every touch gets its part rounded down; what is left over goes
    to the touch with the largest share, the last of several. A negative value is split like its
    opposite, with the sign.

    Args:
        values: (n,) value of each journey in millionths.
        shares: (m,) part of the value that each touch earns.
        offsets: (n + 1,) where each journey's touches begin.

    >>> split(np.array([10_000_000]), np.array([1 / 3, 1 / 3, 1 / 3]), np.array([0, 3])).tolist()
    [3333333, 3333333, 3333334]
    """
    lengths = np.diff(offsets)
    if not len(shares):
        return np.zeros(0, np.int64)
    row = np.repeat(np.arange(len(lengths)), lengths)
    size, sign = np.abs(values), np.sign(values)
    total = np.bincount(row, weights=shares, minlength=len(lengths))
    due = np.where(total >= 1.0 - _WHOLE, size, np.floor(size * np.minimum(total, 1.0)).astype(np.int64))
    amount = np.floor(size[row] * shares).astype(np.int64)
    taken = np.zeros(len(lengths), np.int64)
    np.add.at(taken, row, amount)
    filled = np.flatnonzero(lengths > 0)
    largest = np.zeros(len(lengths))
    largest[filled] = np.maximum.reduceat(shares, offsets[:-1][filled])
    heir = np.full(len(lengths), -1)
    candidate = np.flatnonzero(shares == largest[row])
    heir[row[candidate]] = candidate
    paid = filled[total[filled] > 0.0]
    amount[heir[paid]] += due[paid] - taken[paid]
    return np.asarray(amount * sign[row], dtype=np.int64)
