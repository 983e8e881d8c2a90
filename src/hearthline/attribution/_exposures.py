"""How touches load on the rate of buying as they fade, and for how long that was watched."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hearthline.attribution._rhythm import Complexes, in_rhythm, integrals
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Bools, Floats, Ints, Journeys, Sparse

__all__ = ["Kernels", "hours_by_unit", "narrow"]

_AT_ONCE = 8_192  # touches, whose integrals fit into a cache
_NOTHING = 2.0**-30  # of a fresh touch: what is left of it after thirty half-lives is not kept


@dataclass(frozen=True, slots=True)
class Kernels:
    """Exponential kernels by their half-lives in hours; a feature is a channel and a kernel.

    With `repeats`, touches that came within a day after another of their channel load on features of their
    own, behind those of the channel's other touches: twice the features.
    """

    half_lives_h: tuple[float, ...]
    repeats: bool = False

    def __len__(self) -> int:
        return len(self.half_lives_h)

    @property
    def features(self) -> int:
        """Features of a channel."""
        return len(self) * (2 if self.repeats else 1)

    @property
    def tau_h(self) -> Floats:
        """The (kernels,) time constants in hours."""
        tau: Floats = np.array(self.half_lives_h) / np.log(2.0)
        return tau

    def load(self, journeys: Journeys) -> Floats:
        """Return the (m, kernels) loads of touches at the end of their journey."""
        inside = journeys.gap_h <= journeys.lookback_h[journeys.channel]
        return np.exp(-journeys.gap_h[:, None] / self.tau_h) * inside[:, None]

    def columns(self, owner: Ints, again: Bools) -> Ints:
        """Return (m, kernels) on which features touches load, by whose each is and whether it came again."""
        kernels = len(self)
        first = owner * self.features + (again * kernels if self.repeats else 0)
        found: Ints = first[:, None] + np.arange(kernels)
        return found

    def loads(self, journeys: Journeys) -> Sparse:
        """Return the (n, features) loads of journeys at their end."""
        load, column = self.load(journeys).ravel(), self.columns(journeys.channel, journeys.again).ravel()
        load[load < _NOTHING] = 0.0
        shape = (journeys.n, journeys.channels * self.features)
        found = narrow(sparse.csr_array((load, column, journeys.offsets * len(self)), shape=shape))
        found.sum_duplicates()
        found.eliminate_zeros()
        return found

    def exposure(self, journeys: Journeys, weight: Floats) -> Complexes:
        """Return the (features, 1 + harmonics) weighted integrals of the loads."""
        each, features = weight[journeys.row], journeys.channels * self.features
        whole = self._whole(journeys)
        late = np.zeros((journeys.channels, self.features, whole.shape[2]), np.complex128)
        late[:, : whole.shape[1]] = product(journeys.expired.T, weight)[:, None, None] * whole
        found = late.reshape(features, whole.shape[2])
        column = self.columns(journeys.channel, journeys.again)
        for some, waves in self._watch(journeys):
            part = each[some]
            for kernel in range(len(self)):
                to = column[some, kernel]
                for harmonic, wave in enumerate(waves[:, kernel].T):
                    found[:, harmonic] += sums_by(to, part * wave.real, features)
                    if harmonic:
                        found[:, harmonic] += 1j * sums_by(to, part * wave.imag, features)
        return found

    def watched(self, journeys: Journeys, index: Ints, rhythm: Complexes, weight: Floats) -> Sparse:
        """Return the (features, units) sparse integrals of every unit; `index` is each row's."""
        kernels = len(self)
        late = sparse.coo_array(journeys.expired)
        seen = np.empty((len(journeys.channel), kernels))
        for some, waves in self._watch(journeys):
            seen[some] = in_rhythm(waves, rhythm[journeys.channel[some], None])
        expired = late.data[:, None] * in_rhythm(self._whole(journeys), rhythm[:, None, :])[late.col]
        feature = [
            self.columns(journeys.channel, journeys.again).ravel(),
            self.columns(late.col.astype(np.int64), np.zeros(len(late.col), np.bool_)).ravel(),
        ]
        owner = np.concatenate([np.repeat(journeys.row, kernels), np.repeat(late.row, kernels)])
        data = np.concatenate(
            [(seen * weight[journeys.row, None]).ravel(), (expired * weight[late.row, None]).ravel()]
        )
        shape = (journeys.channels * self.features, int(index.max(initial=-1)) + 1)
        return sparse.csr_array((data, (np.concatenate(feature), index[owner])), shape=shape)

    def _watch(self, journeys: Journeys) -> Iterator[tuple[slice, Complexes]]:
        """Yield (m, kernels, 1 + harmonics) integrals of the touches' loads over their journey, part by part.

        From the touch, or the journey's start where the touch came before it, to the end of the journey
        or of the look-back window; times the daily waves.
        """
        span, lookback = journeys.span_h[journeys.row], journeys.lookback_h[journeys.channel]
        start = np.maximum(journeys.gap_h - span, 0.0)
        end = np.maximum(np.minimum(journeys.gap_h, lookback), start)
        for first in range(0, len(start), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            yield some, integrals(start[some], end[some], self.tau_h)

    def _whole(self, journeys: Journeys) -> Complexes:
        """Return the (channels, kernels, 1 + harmonics) integrals over a whole look-back window."""
        return integrals(np.zeros(journeys.channels), journeys.lookback_h, self.tau_h)


def hours_by_unit(hours: Sparse, index: Ints, weight: Floats, units: int) -> Sparse:
    """Return the (units, strata) sums of the weighted hours of each unit's journeys."""
    each = sparse.coo_array(hours)
    place = (index[each.row], each.col)
    return narrow(sparse.csr_array((each.data * weight[each.row], place), shape=(units, hours.shape[1])))


def narrow(matrix: Sparse) -> Sparse:
    """Return the matrix with indices of 32 bits where these are enough: a million homes' are large."""
    if max(matrix.nnz, *matrix.shape) >= 2**31:
        return matrix
    parts = (matrix.data, matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32))
    return sparse.csr_array(parts, shape=matrix.shape)
