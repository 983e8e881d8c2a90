"""The best split of a budget: the next unit of money brings the same everywhere, as far as limits allow."""

import numpy as np

from hearthline.schema.errors import BadConfig
from hearthline.schema.journey import Floats

__all__ = ["allocated"]

_STEPS = 200


def allocated(scale: Floats, bend: Floats, total: float, least: Floats, most: Floats) -> Floats:
    """Return the (channels,) spends that bring most for a total, each inside its limits.

    What channel c brings is `scale * spend ** bend`, which is concave, so that the split is the one
    at which the marginal return is the same for all channels that do not stand at a limit; it is found by
    bisection on that return. Channels that bring nothing get their least.

    Args:
        scale: (channels,) what a spend of 1 brings.
        bend: (channels,) between 0 and 1.
        total: the money to be split.
        least: (channels,) lower limits.
        most: (channels,) upper limits.

    Raises:
        BadConfig: the total does not fit into the limits.

    >>> half = np.full(2, 0.5)
    >>> allocated(np.array([2.0, 1.0]), half, 100.0, np.zeros(2), np.full(2, 1e9)).round(3).tolist()
    [80.0, 20.0]
    """
    if not least.sum() - 1e-9 <= total <= most.sum() + 1e-9:
        raise BadConfig(
            f"plan: the budget {total:.2f} does not fit; the limits allow {least.sum():.2f} to "
            f"{most.sum():.2f}; change it, or the limits"
        )
    works = scale > 0.0
    slope = np.where(works, scale, 0.0) * bend

    def at(price: float) -> Floats:
        wanted = np.where(works, (slope / price) ** (1.0 / (1.0 - bend)), least)
        return np.clip(wanted, least, most)

    low, high = 1e-12, 1e12
    for _ in range(_STEPS):
        price = float(np.sqrt(low * high))
        low, high = (price, high) if at(price).sum() > total else (low, price)
    found = at(high)
    room = np.where(works, most - found, 0.0)
    rest = total - found.sum()
    if rest > 1e-9 and room.sum() > 0.0:
        found = found + room * min(rest / room.sum(), 1.0)
    left = total - found.sum()
    if left > 1e-9:  # only what brings nothing has room
        spare = most - found
        found = found + spare * left / max(spare.sum(), 1e-12)
    return np.asarray(found, np.float64)
