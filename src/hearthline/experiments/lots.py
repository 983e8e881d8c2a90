"""Who is left out: a lot that depends on the experiment's name and the household's key alone."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from hearthline.schema.journey import Bools, Ints

__all__ = ["keys_of", "off_by_lot"]


def keys_of(names: Sequence[str]) -> Ints:
    """Return (n,) keys of things that have names, such as regions.

    >>> keys_of(["north", "south", "north"]).tolist() == keys_of(["north", "south", "north"]).tolist()
    True
    """
    return np.array(
        [int.from_bytes(sha256(n.encode()).digest()[:8], "big", signed=True) for n in names], np.int64
    )


def off_by_lot(units: Ints, experiment: str, off: float = 0.5) -> Bools:
    """Return (n,) who is left out; the same household has the same lot on every machine and day.

    Two experiments' lots are independent, so that several can run in the same households. Nothing is
    kept: who comes later has a lot as well.

    Args:
        units: (n,) keys of households, or of regions.
        experiment: its name, which is the salt.
        off: part of the units that is left out.

    >>> off_by_lot(np.arange(10_000), "tv").mean().round(1), off_by_lot(np.arange(3), "tv").tolist()
    (np.float64(0.5), [False, True, False])
    """
    salt = np.uint64(int.from_bytes(sha256(experiment.encode()).digest()[:8], "big"))
    lot = _mixed(units.astype(np.int64).view(np.uint64) ^ salt)
    return np.asarray((lot >> np.uint64(11)).astype(np.float64) * 2.0**-53 < off, dtype=np.bool_)


def _mixed(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each number with every bit depending on every bit (the finaliser of MurmurHash3, twice)."""
    for _ in range(2):
        number = (number ^ (number >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        number = (number ^ (number >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
        number ^= number >> np.uint64(33)
    return number
