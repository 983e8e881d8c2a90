"""What an order is worth on average, by customer: Gamma-Gamma (Fader & Hardie 2013, "The Gamma-Gamma model").

Means of few orders are pulled to the mean of all; a customer's number of orders is taken to say nothing
about their size.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

__all__ = ["Spending", "drawn_values", "expected_values", "fit"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spending:
    """The three parameters p, q, gamma."""

    p: float
    q: float
    gamma: float


def fit(orders: Floats, mean: Floats) -> Spending:
    """Return the model fitted to customers with a positive mean value over one or more orders."""
    used = (orders > 0) & (mean > 0)
    x, z = orders[used], mean[used]
    if len(x) < 3:
        return Spending(1.0, 2.0, float(z.mean()) if len(x) else 0.0)
    scale = float(z.mean())

    def loss(point: Floats) -> float:
        p, q, gamma = np.exp(np.clip(point, -12, 12))
        found = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        found = found + (p * x - 1) * np.log(z / scale) + p * x * np.log(x)
        found = found - (p * x + q) * np.log(gamma + x * z / scale)
        return -float(found.sum()) + 0.005 * float(point @ point)

    p, q, gamma = np.exp(minimize(loss, np.log([3.0, 4.0, 3.0]), method="L-BFGS-B").x)
    return Spending(float(p), float(max(q, 1.05)), float(gamma) * scale)


def expected_values(model: Spending, orders: Floats, mean: Floats) -> Floats:
    """Return the expected value of a customer's next order.

    >>> model = Spending(6.25, 3.74, 15.44)
    >>> expected_values(model, np.array([0.0, 3.0]), np.array([0.0, 35.0])).round(1).tolist()
    [35.2, 35.0]
    """
    out: Floats = model.p * (model.gamma + orders * mean) / (model.p * orders + model.q - 1)
    return out


def drawn_values(model: Spending, orders: Floats, mean: Floats, draws: int, seed: int) -> Floats:
    """Return (draws, n) simulated mean values of a customer's orders, given the customer's own so far."""
    random = np.random.default_rng(seed)
    shape = model.p * orders + model.q
    inverse = random.gamma(np.broadcast_to(shape, (draws, len(orders)))) / (model.gamma + orders * mean)
    out: Floats = model.p / np.maximum(inverse, 1e-12)
    return out
