"""How the rate of ordering rises with the age of the last order, and what an order takes from later ones."""

from dataclasses import dataclass

import numpy as np

from hearthline.journeys.timeline import RECENCY_H, Layout
from hearthline.schema.journey import Floats

__all__ = ["Recency", "by_recency", "lost_later"]

_STEP_H, _AHEAD_H = 6.0, 120 * 24.0
_OLDEST_H = 24.0 * 42.0


@dataclass(frozen=True, slots=True)
class Recency:
    """Households that no machine orders for, by the age of their last order.

    Attributes:
        orders: (ages,) orders that came by themselves.
        hours: (ages,) hours watched.
        edges_h: (ages,) where each age begins, ascending from 0.
    """

    orders: Floats
    hours: Floats
    edges_h: Floats


def by_recency(layout: Layout, orders: Floats, hours: Floats) -> Recency:
    """Return the sums over strata by the age of the last order, where one is known.

    Args:
        layout: what the strata mean.
        orders: (strata,) orders that came by themselves.
        hours: (strata,) hours watched.
    """
    parts = [layout.by_age(values) for values in (orders, hours)]
    return Recency(parts[0], parts[1], np.array([0.0, *RECENCY_H]))


def lost_later(recency: Recency) -> float:
    """Return how many later orders are missing for each additional order, from 0 to 1.

    A household with an order more orders at the rate of a fresh one, until its next order or the other's:
    from there on both are alike. The other is as old as households are in the mean. Where households
    differ, the fresh ones are those that buy often, so the figure is too small rather than too large.

    >>> ages, week = np.array([0.0, 168.0]), 168.0
    >>> round(lost_later(Recency(np.array([0.0, 50.0]), np.array([1e4, 1e4]), ages)), 2)  # none in a week
    0.46
    >>> lost_later(Recency(np.array([50.0, 50.0]), np.array([1e4, 1e4]), ages))
    0.0
    """
    orders, hours = recency.orders, recency.hours
    rate = np.divide(orders, hours, out=np.zeros(len(hours)), where=hours > 0.0)
    whole = float(hours.sum())
    if whole <= 0.0:
        return 0.0
    ends = np.append(recency.edges_h[1:], max(_OLDEST_H, 1.5 * float(recency.edges_h[-1])))
    ahead = np.arange(0.0, _AHEAD_H, _STEP_H)

    def at(age: Floats) -> Floats:
        return rate[np.searchsorted(recency.edges_h, age, side="right") - 1]

    middle = (recency.edges_h + ends) / 2.0
    other = sum((h / whole) * at(ahead + m) for h, m in zip(hours, middle, strict=True))
    fresh = at(ahead)
    alike = np.exp(-np.cumsum(np.maximum(other, fresh)) * _STEP_H)
    return float(np.clip(((other - fresh) * alike).sum() * _STEP_H, 0.0, 1.0))
