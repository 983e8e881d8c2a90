"""What one more enrolment is worth over its life, as draws of what may be true."""

import numpy as np

from hearthline.schema.journey import Floats

__all__ = ["lifetimes"]


def lifetimes(orders: Floats, value: float, error: float, displaced: float, seed: int = 1) -> Floats:
    """Return (draws,) net revenue that an enrolment adds within a horizon.

    A displaced order would have come by hand anyway.

    Args:
        orders: (draws,) orders that it is expected to bring within the horizon, with what is not known.
        value: mean net revenue of such an order.
        error: its standard error.
        displaced: part of the orders that would have come anyway.
        seed: of the draws of the value.

    >>> eleven = np.full(4_000, 11.0)
    >>> worth, halved = lifetimes(eleven, 20.0, 0.5, 0.0), lifetimes(eleven, 20.0, 0.5, 0.5)
    >>> bool(215 < np.median(worth) < 225), bool((halved < worth).all())
    (True, True)
    """
    each = value + error * np.random.default_rng(seed).standard_normal(len(orders))
    found: Floats = orders * each * (1.0 - displaced)
    return found
