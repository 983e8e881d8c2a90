"""How touches load on the rate of buying as they fade, and for how long that was watched."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from hearthline.attribution._rhythm import Complexes, in_rhythm, integrals
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse

__all__ = ["Kernels", "hours_by_unit"]


@dataclass(frozen=True, slots=True)
class Kernels:
    """Exponential kernels by their half-lives in hours; a feature is a channel and a kernel."""

    half_lives_h: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.half_lives_h)

    @property
    def tau_h(self) -> Floats:
        """The (kernels,) time constants in hours."""
        tau: Floats = np.array(self.half_lives_h) / np.log(2.0)
        return tau

    def load(self, journeys: Journeys) -> Floats:
        """Return the (m, kernels) loads of touches at the end of their journey."""
        inside = journeys.gap_h <= journeys.lookback_h[journeys.channel]
        return np.exp(-journeys.gap_h[:, None] / self.tau_h) * inside[:, None]

    def loads(self, journeys: Journeys) -> Sparse:
        """Return the (n, channels * kernels) loads of journeys at their end."""
        kernels = len(self)
        column = journeys.channel[:, None] * kernels + np.arange(kernels)
        found = sparse.csr_array(
            (self.load(journeys).ravel(), column.ravel(), journeys.offsets * kernels),
            shape=(journeys.n, journeys.channels * kernels),
        )
        found.sum_duplicates()
        return found

    def exposure(self, journeys: Journeys, weight: Floats) -> Complexes:
        """Return the (channels * kernels, 1 + harmonics) weighted integrals of the loads."""
        each, channels = weight[journeys.row], journeys.channels
        expired = product(journeys.expired.T, weight)
        found = expired[:, None, None] * self._whole(journeys)
        for kernel in range(len(self)):
            for harmonic, wave in enumerate(self._watch(journeys, kernel)):
                found[:, kernel, harmonic] += sums_by(journeys.channel, each * wave.real, channels)
                found[:, kernel, harmonic] += 1j * sums_by(journeys.channel, each * wave.imag, channels)
        return found.reshape(channels * found.shape[1], found.shape[2])

    def watched(self, journeys: Journeys, index: Ints, rhythm: Complexes, weight: Floats) -> Sparse:
        """Return the (channels * kernels, units) sparse integrals of every unit; `index` is each row's."""
        kernels, each = len(self), np.arange(len(self))
        late = sparse.coo_array(journeys.expired)
        own = rhythm[journeys.channel]
        seen = [in_rhythm(np.stack(list(self._watch(journeys, k)), axis=1), own) for k in range(kernels)]
        expired = late.data[:, None] * in_rhythm(self._whole(journeys), rhythm[:, None, :])[late.col]
        feature = [
            (journeys.channel[:, None] * kernels + each).ravel(),
            (late.col[:, None] * kernels + each).ravel(),
        ]
        owner = np.concatenate([np.repeat(journeys.row, kernels), np.repeat(late.row, kernels)])
        both = [np.stack(seen, axis=1) * weight[journeys.row, None], expired * weight[late.row, None]]
        data = np.concatenate([part.ravel() for part in both])
        shape = (journeys.channels * kernels, int(index.max(initial=-1)) + 1)
        return sparse.csr_array((data, (np.concatenate(feature), index[owner])), shape=shape)

    def _watch(self, journeys: Journeys, kernel: int) -> Iterator[Complexes]:
        """Yield the (m,) integrals of the touches' loads over their journey, times the daily waves.

        From the touch, or the journey's start where the touch came before it, to the end of the journey
        or of the look-back window.
        """
        start = np.maximum(journeys.gap_h - journeys.span_h[journeys.row], 0.0)
        end = np.maximum(np.minimum(journeys.gap_h, journeys.lookback_h[journeys.channel]), start)
        return integrals(start, end, float(self.tau_h[kernel]))

    def _whole(self, journeys: Journeys) -> Complexes:
        """Return the (channels, kernels, 1 + harmonics) integrals over a whole look-back window."""
        start = np.zeros(journeys.channels)
        by_kernel = [list(integrals(start, journeys.lookback_h, float(tau))) for tau in self.tau_h]
        return np.stack([np.stack(waves, axis=1) for waves in by_kernel], axis=1)


def hours_by_unit(hours: Sparse, index: Ints, weight: Floats, units: int) -> Sparse:
    """Return the (units, strata) sums of the weighted hours of each unit's journeys."""
    each = sparse.coo_array(hours)
    place = (index[each.row], each.col)
    return sparse.csr_array((each.data * weight[each.row], place), shape=(units, hours.shape[1]))
