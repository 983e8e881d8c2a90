"""What one more enrolment is worth over its life, as draws of what may be true."""

import numpy as np

from hearthline.schema.journey import Floats

__all__ = ["lifetimes"]

_DRAWS = 4000


def lifetimes(orders: int, ends: int, value: float, error: float, displaced: float, seed: int = 1) -> Floats:
    """Return (draws,) net revenue that an enrolment adds over its life.

    Orders follow until the home ends it; the chance of one more is the same after each (geometric), learned
    from what was seen: a Beta distribution, uniform beforehand. A displaced order would have come by hand
    anyway.

    Args:
        orders: orders of all enrolments so far.
        ends: how many enrolments ended.
        value: mean net revenue of such an order.
        error: its standard error.
        displaced: part of the orders that would have come anyway.
        seed: of the draws.

    >>> worth = lifetimes(920, 80, 20.0, 0.5, 0.0)
    >>> bool(200 < np.median(worth) < 260), bool((lifetimes(920, 80, 20.0, 0.5, 0.5) < worth).all())
    (True, True)
    """
    rng = np.random.default_rng(seed)
    stays = rng.beta(orders + 1.0, ends + 1.0, _DRAWS)
    each = value + error * rng.standard_normal(_DRAWS)
    found: Floats = stays / (1.0 - stays) * each * (1.0 - displaced)
    return found
