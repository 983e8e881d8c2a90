"""Which sets of channels journeys touched: a table that adds up.

A set is a number whose bit c says that channel c was touched. Journeys without a touch are left out.
"""

from dataclasses import dataclass

import numpy as np

from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Floats, Ints, Journeys

__all__ = ["Sets", "add_sets", "count_sets", "masks"]

MOST_CHANNELS = 62


@dataclass(frozen=True, slots=True)
class Sets:
    """Sorted distinct sets with what was seen of each.

    Attributes:
        channels: number of channels.
        mask: (s,) the sets.
        seen: (s, 3) weighted journeys, conversions and value.
    """

    channels: int
    mask: Ints
    seen: Floats


def masks(journeys: Journeys) -> Ints:
    """Return the (n,) set of channels of each journey.

    Raises:
        NothingToAnswer: there are more channels than bits.

    >>> from hearthline.schema.journey import journeys_of
    >>> masks(journeys_of([(0, 2), (), (1, 1)])).tolist()
    [5, 0, 2]
    """
    if journeys.channels > MOST_CHANNELS:
        raise NothingToAnswer(
            f"attribution: sets of channels need at most {MOST_CHANNELS} channels; got {journeys.channels}; "
            "group rare channels"
        )
    found = np.zeros(journeys.n, np.int64)
    filled = journeys.lengths > 0
    if filled.any():
        bits = np.int64(1) << journeys.channel
        found[filled] = np.bitwise_or.reduceat(bits, journeys.offsets[:-1][filled])
    return found


def count_sets(journeys: Journeys, weight: Floats | None = None) -> Sets:
    """Return the weighted table of the journeys' sets."""
    each = np.ones(journeys.n) if weight is None else weight
    bought = each * journeys.converted
    seen = np.stack([each, bought, bought * journeys.value], axis=1)
    return _summed(journeys.channels, masks(journeys), seen)


def add_sets(left: Sets, right: Sets) -> Sets:
    """Return the table of both."""
    seen = np.concatenate([left.seen, right.seen])
    return _summed(left.channels, np.concatenate([left.mask, right.mask]), seen)


def _summed(channels: int, mask: Ints, seen: Floats) -> Sets:
    mask, seen = mask[mask > 0], seen[mask > 0]
    distinct, place = np.unique(mask, return_inverse=True)
    total = [np.bincount(place, weights=seen[:, i], minlength=len(distinct)) for i in range(3)]
    return Sets(channels, distinct, np.stack(total, axis=1))
