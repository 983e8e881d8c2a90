"""Where each touch stands in its journey: the arithmetic that rules share."""

import numpy as np

from hearthline.schema.journey import Bools, Floats, Ints, Journeys

__all__ = ["alone", "last_where", "positions", "times_touched", "won"]


def won(journeys: Journeys) -> Floats:
    """Return (m,) 1.0 for touches of journeys that converted, else 0.0."""
    return np.repeat(journeys.converted, journeys.lengths).astype(np.float64)


def positions(journeys: Journeys) -> tuple[Ints, Ints]:
    """Return the (m,) place of each touch in its journey, from 0, and the (m,) length of its journey."""
    lengths = journeys.lengths
    start = np.repeat(journeys.offsets[:-1], lengths)
    return np.arange(len(journeys.channel)) - start, np.repeat(lengths, lengths)


def last_where(journeys: Journeys, chosen: Bools) -> Ints:
    """Return (n,) index of the last chosen touch of each journey; -1 where none was chosen."""
    found = np.full(journeys.n, -1, dtype=np.int64)
    touch = np.flatnonzero(chosen)
    found[journeys.row[touch]] = touch
    return found


def alone(journeys: Journeys, touch: Ints) -> Floats:
    """Return (m,) shares that give each journey's whole value to one touch, by index; -1 gives none."""
    share = np.zeros(len(journeys.channel))
    share[touch[(touch >= 0) & journeys.converted]] = 1.0
    return share


def times_touched(journeys: Journeys) -> Ints:
    """Return (m,) how often the touch's channel occurs in its journey."""
    if not len(journeys.channel):
        return np.zeros(0, np.int64)
    key = journeys.row * max(journeys.channels, 1) + journeys.channel
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    times: Ints = count[place]
    return times
