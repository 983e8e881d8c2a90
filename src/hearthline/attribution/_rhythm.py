"""The daily rhythm: people touch and buy by day, so a touch seems to raise the rate hours later.

When all rates rise and fall with the time of day as `s(t)`, the likelihood of the additive hazard stays
the same but for exposures: the integral of `exp(-gap / tau)` is weighed by the mean of `s` that touches
of the channel meet at that gap. This profile has a period of a day and is read from long gaps, where
nothing that a touch causes changes within hours; no clock time is needed.
"""

import numpy as np
from numpy.typing import NDArray

from hearthline.attribution._sums import sums_by
from hearthline.schema.journey import Floats, Ints, Journeys

__all__ = ["HARMONICS", "Complexes", "in_rhythm", "integrals", "pace", "phases", "profile"]

Complexes = NDArray[np.complex128]
HARMONICS = 3
_LONG_H = 48.0
_LEAN = 100.0
_OMEGA = 2.0 * np.pi / 24.0 * np.arange(HARMONICS + 1)


def phases(journeys: Journeys, weight: Floats) -> Complexes:
    """Return (channels, 1 + harmonics) sums of `exp(i omega gap)` over long gaps to conversions."""
    gap, row = journeys.gap_h, journeys.row
    inside = (gap <= journeys.lookback_h[journeys.channel]) | (gap > journeys.span_h[row])
    far = journeys.converted[row] & (gap >= _LONG_H) & inside
    channel, gap, each = journeys.channel[far], journeys.gap_h[far], weight[journeys.row[far]]
    turns = [each * np.exp(1j * omega * gap) for omega in _OMEGA]
    return np.stack([_sums(channel, turn, journeys.channels) for turn in turns], axis=1)


def profile(phase: Complexes) -> Complexes:
    """Return (channels, 1 + harmonics) coefficients of each channel's profile, leaning to a flat one.

    The profile at gap `u` is the real part of `sum_h coefficient_h exp(i omega_h u)`; its mean is 1.

    >>> flat = profile(np.array([[1000.0, 0.0, 0.0, 0.0]], dtype=complex))
    >>> flat.real.tolist()
    [[1.0, 0.0, 0.0, 0.0]]
    """
    found = 2.0 * np.conj(phase) / (phase[:, :1].real + _LEAN)
    found[:, 0] = 1.0
    return np.asarray(found, dtype=np.complex128)


def integrals(start: Floats, end: Floats, tau: Floats) -> Complexes:
    """Return (m, kernels, 1 + harmonics) integrals of `exp(-u / tau + i omega u)` from start to end."""
    found = np.empty((HARMONICS + 1, len(start), len(tau)), np.complex128)
    fades = [np.exp(-hours[:, None] / tau) for hours in (start, end)]
    turns = [np.exp(1j * _OMEGA[1] * hours)[:, None] for hours in (start, end)]
    turned = [np.ones_like(turn) for turn in turns]
    for harmonic, omega in enumerate(_OMEGA):
        found[harmonic] = (fades[0] * turned[0] - fades[1] * turned[1]) / (1.0 / tau - 1j * omega)
        turned = [now * turn for now, turn in zip(turned, turns, strict=True)]
    return found.transpose(1, 2, 0)


def in_rhythm(exposure: Complexes, coefficient: Complexes) -> Floats:
    """Return exposures (..., 1 + harmonics) weighed by profiles, at least a tenth as large."""
    plain = exposure[..., 0].real
    weighed = (exposure * coefficient).real.sum(axis=-1)
    return np.asarray(np.maximum(weighed, 0.1 * plain), dtype=np.float64)


def pace(exposure: Complexes, phase: Complexes, kernels: int) -> Floats:
    """Return (features,) how the rhythm weighs exposures, to the same bits in any order of journeys."""
    weighed = in_rhythm(exposure, np.repeat(profile(phase), kernels, axis=0))
    plain = exposure[:, 0].real
    ratio = np.divide(weighed, plain, out=np.ones_like(plain), where=plain > 0.0)
    return np.round(ratio, 9).astype(np.float64)


def _sums(group: Ints, weight: Complexes, size: int) -> Complexes:
    real, imaginary = sums_by(group, weight.real, size), sums_by(group, weight.imag, size)
    return np.asarray(real + 1j * imaginary, dtype=np.complex128)
