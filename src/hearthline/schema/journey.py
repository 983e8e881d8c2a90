"""Journeys as columns: one unit's touches in order, ending in a conversion or not.

A journey is a row of the arrays `unit`, `value`, ...; its touches are the slice
`offsets[i]:offsets[i + 1]` of the arrays `channel`, `place`, ... (compressed rows, as in a sparse
matrix). Models see numbers only: no channel's name, no stratum's meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Bools", "Floats", "Ints", "Journeys", "Sparse", "concatenated", "journeys_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Sparse = sparse.csr_array


@dataclass(frozen=True, slots=True)
class Journeys:
    """n journeys with m touches over `channels` channels and `strata` baseline strata.

    Attributes:
        unit: (n,) key of the household or person; many journeys may share one.
        converted: (n,) whether it ended in a conversion.
        value: (n,) value of the conversion in major currency units; 0 where it did not convert.
        span_h: (n,) hours from its start (the conversion before, or the unit's first event) to its end.
        stratum: (n,) baseline stratum at the end of the journey.
        strata_h: (n, strata) sparse: hours that the unit spent in each stratum during the journey.
        offsets: (n + 1,) where each journey's touches begin.
        channel: (m,) channel of each touch, 0 ... channels - 1.
        gap_h: (m,) hours from the touch to the end of its journey, never negative.
        place: (m,) touchpoint code of each touch (channel, campaign, device kind ...), for reports.
        expired: (n, channels) sparse: how many touches were older than the look-back window at the end.
        lookback_h: (channels,) length of the look-back window of each channel in hours.
        direct: (channels,) whether the channel is a direct visit, without a marketing source.
        held: (n,) whether an enrolment went on during it (default: none).
        again: (m,) whether the touch came within a day after another of its channel (default: none).

    A touch may be older than its journey (`gap_h` above `span_h`): what it does goes on after the conversion
    before. Then it was watched from the journey's start on.
    """

    unit: Ints
    converted: Bools
    value: Floats
    span_h: Floats
    stratum: Ints
    strata_h: Sparse
    offsets: Ints
    channel: Ints
    gap_h: Floats
    place: Ints
    expired: Sparse
    lookback_h: Floats
    direct: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    held: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    again: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        """Let no enrolment go on and no touch come again where nothing is said."""
        if len(self.held) != len(self.unit):
            object.__setattr__(self, "held", np.zeros(len(self.unit), np.bool_))
        if len(self.again) != len(self.channel):
            object.__setattr__(self, "again", np.zeros(len(self.channel), np.bool_))

    @property
    def n(self) -> int:
        """Number of journeys."""
        return len(self.unit)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.lookback_h)

    @property
    def lengths(self) -> Ints:
        """(n,) number of touches of each journey."""
        return np.diff(self.offsets)

    @property
    def row(self) -> Ints:
        """(m,) index of the journey that each touch belongs to."""
        return np.repeat(np.arange(self.n), self.lengths)

    def sum_by_journey(self, per_touch: Floats) -> Floats:
        """Return the (n,) sums of a per-touch array; 0 for a journey without touches."""
        return np.bincount(self.row, weights=per_touch, minlength=self.n).astype(np.float64)

    def take(self, rows: Ints) -> "Journeys":
        """Return the journeys with the given indices, in that order; an index may repeat."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        touch = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return replace(
            self,
            unit=self.unit[rows],
            converted=self.converted[rows],
            value=self.value[rows],
            span_h=self.span_h[rows],
            stratum=self.stratum[rows],
            strata_h=self.strata_h[rows],
            offsets=offsets,
            channel=self.channel[touch],
            gap_h=self.gap_h[touch],
            place=self.place[touch],
            expired=self.expired[rows],
            held=self.held[rows],
            again=self.again[touch],
        )

    def within_lookback(self) -> "Journeys":
        """Return the same journeys without touches older than their window, counted in `expired`.

        Applies to journeys that converted and to those that did not alike. A touch that is older than its
        journey, and so was watched for a part of its window, stays; so does one that came again.
        """
        row = self.row
        keep = (self.gap_h <= self.lookback_h[self.channel]) | (self.gap_h > self.span_h[row]) | self.again
        if keep.all():
            return self
        old = (row[~keep], self.channel[~keep])
        late = sparse.coo_array((np.ones(len(old[0])), old), shape=self.expired.shape)
        return replace(self._only(keep), expired=sparse.csr_array(self.expired + late.tocsr()))

    def in_view(self) -> "Journeys":
        """Return the same journeys with touches inside their window at the end only: those that may earn."""
        keep = self.gap_h <= self.lookback_h[self.channel]
        return self if keep.all() else self._only(keep)

    def _only(self, keep: Bools) -> "Journeys":
        """Return the same journeys with some of the touches."""
        lengths = np.bincount(self.row[keep], minlength=self.n)
        return replace(
            self,
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            channel=self.channel[keep],
            gap_h=self.gap_h[keep],
            place=self.place[keep],
            again=self.again[keep],
        )


def concatenated(parts: Sequence[Journeys]) -> Journeys:
    """Return the journeys of all parts as one."""
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([p.lengths for p in parts])

    def joined(name: str) -> Any:
        return np.concatenate([getattr(p, name) for p in parts])

    plain = ("unit", "converted", "value", "span_h", "stratum", "channel", "gap_h", "place", "held", "again")
    return replace(
        parts[0],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        strata_h=sparse.vstack([p.strata_h for p in parts], format="csr"),
        expired=sparse.vstack([p.expired for p in parts], format="csr"),
        **{name: joined(name) for name in plain},
    )


def journeys_of(
    paths: list[tuple[int, ...]],
    value: list[float] | None = None,
    converted: list[bool] | None = None,
    channels: int | None = None,
    gap_h: list[tuple[float, ...]] | None = None,
) -> Journeys:
    """Return journeys from plain lists: for tests, examples and notebooks.

    Args:
        paths: channel indices of each journey's touches, oldest first.
        value: value of each conversion (default 1.0 where it converted).
        converted: whether each converted (default: all).
        channels: number of channels (default: one more than the largest index).
        gap_h: hours from each touch to the end (default: the last touch 1 h before, then 24 h apart).

    >>> j = journeys_of([(0, 1), (1,)], value=[10.0, 5.0])
    >>> j.n, j.channels, j.lengths.tolist()
    (2, 2, [2, 1])
    """
    n = len(paths)
    channel = np.array([c for p in paths for c in p], dtype=np.int64)
    count = channels if channels is not None else int(channel.max(initial=-1)) + 1
    won = np.ones(n, bool) if converted is None else np.array(converted, dtype=bool)
    worth = won.astype(float) if value is None else np.array(value, dtype=float)
    gaps = gap_h or [tuple(1.0 + 24.0 * (len(p) - 1 - i) for i in range(len(p))) for p in paths]
    span = np.array([max(g, default=0.0) + 24.0 for g in gaps], dtype=float)
    return Journeys(
        unit=np.arange(n, dtype=np.int64),
        converted=won,
        value=np.where(won, worth, 0.0),
        span_h=span,
        stratum=np.zeros(n, np.int64),
        strata_h=sparse.csr_array(span[:, None]),
        offsets=np.concatenate([[0], np.cumsum([len(p) for p in paths])]).astype(np.int64),
        channel=channel,
        gap_h=np.array([g for gap in gaps for g in gap], dtype=float),
        place=channel.copy(),
        expired=sparse.csr_array((n, count)),
        lookback_h=np.full(count, 30 * 24.0),
        direct=np.zeros(count, np.bool_),
    )
