"""Sums over groups and sparse products, typed once."""

import numpy as np
from scipy import sparse

from hearthline.schema.journey import Floats, Ints, Sparse

__all__ = ["product", "sums_by"]


def sums_by(group: Ints, weight: Floats, size: int) -> Floats:
    """Return the (size,) sums of the weights of each group.

    >>> sums_by(np.array([2, 0, 2]), np.array([1.0, 5.0, 2.0]), 4).tolist()
    [5.0, 0.0, 3.0, 0.0]
    """
    return np.bincount(group, weights=weight, minlength=size).astype(np.float64)


def product(matrix: Sparse | sparse.csc_array, dense: Floats) -> Floats:
    """Return the matrix product with a vector or with columns."""
    return np.asarray(matrix @ dense, dtype=np.float64)
