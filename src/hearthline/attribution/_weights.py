"""Household bootstrap weights by hash: the same household weighs the same wherever it appears."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr

from hearthline.schema.journey import Floats, Ints

__all__ = ["bucket_of", "chosen", "picked", "replicate_weights"]

_BITS = 20
# Poisson(1) counts of equally likely 20-bit numbers: right to one in a million
_COUNT = np.searchsorted(pdtr(np.arange(12), 1.0), (np.arange(1 << _BITS) + 0.5) / (1 << _BITS)).astype(
    np.uint8
)


def replicate_weights(units: Ints, replicates: int, seed: int, first: int = 0) -> Floats:
    """Return (n, replicates) weights, each an independent draw of a Poisson variable of mean 1.

    A weight depends on the unit, the number of the replicate and the seed alone: nothing is resampled,
    tables of one household agree, and any block of replicates can be made by itself. The Poisson
    bootstrap is described by Chamandy, Muralidharan, Najmi & Naidu, "Estimating uncertainty for massive
    data streams" (Google).

    Args:
        units: (n,) keys of households or persons.
        replicates: how many columns.
        seed: one seed, one set of weights.
        first: number of the first replicate.

    >>> w = replicate_weights(np.array([7, 8, 7]), 4, seed=1)
    >>> bool((w[0] == w[2]).all()), bool((w[:, 2:] == replicate_weights(np.array([7, 8, 7]), 2, 1, 2)).all())
    (True, True)
    """
    base = _mixed(units.astype(np.uint64) ^ _mixed(np.array([seed], np.int64).view(np.uint64)))
    weights = np.empty((len(units), replicates))
    bits: NDArray[np.uint64] = np.zeros(0, np.uint64)
    for column in range(replicates):
        draw, slot = divmod(first + column, 3)  # one hash of 64 bits serves three replicates
        if slot == 0 or column == 0:
            bits = _mixed(base + np.uint64((draw + 1) * 0x9E3779B97F4A7C15 % 2**64))
        window = bits >> np.uint64(_BITS * slot) & np.uint64((1 << _BITS) - 1)
        weights[:, column] = _COUNT[window.astype(np.int64)]
    return weights


def chosen(units: Ints, most: int, seed: int) -> NDArray[np.bool_]:
    """Return (n,) which of n distinct units are in a hashed sample of about `most`; all when n is less."""
    if len(units) <= most:
        return np.ones(len(units), np.bool_)
    base = _mixed(units.astype(np.uint64) ^ _mixed(np.array([~seed], np.int64).view(np.uint64)))
    return np.asarray(base < np.uint64(int(most / len(units) * 2.0**64)), dtype=np.bool_)


def picked(units: Ints, which: Ints, seed: int, draws: int) -> Ints:
    """Return (n, b) which of so many draws each unit is in, in the replicates with these numbers.

    >>> picked(np.array([7, 8]), np.arange(5), 1, 3).tolist()
    [[2, 2, 2, 0, 2], [2, 1, 1, 0, 0]]
    """
    salt = _mixed(which.astype(np.uint64) + _mixed(np.array([seed ^ 0x5EED], np.int64).view(np.uint64)))
    mixed = _mixed(units.astype(np.uint64)[:, None] ^ salt)
    return (mixed % np.uint64(draws)).astype(np.int64)


def bucket_of(units: Ints, buckets: int) -> Ints:
    """Return the (n,) bucket of each unit, 0 ... buckets - 1, by hash.

    >>> bucket_of(np.array([7, 8, 7]), 64).tolist()
    [20, 40, 20]
    """
    return (_mixed(units.astype(np.uint64)) % np.uint64(buckets)).astype(np.int64)


def _mixed(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return SplitMix64's finaliser of each number: every input bit moves every output bit."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
