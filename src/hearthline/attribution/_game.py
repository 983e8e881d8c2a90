"""Cooperative games over at most 20 players as arrays of 2^n worths: sums over subsets, Shapley values."""

from math import comb

import numpy as np

from hearthline.schema.journey import Floats, Ints

__all__ = ["shapley_values", "subset_sums"]


def subset_sums(worth: Floats) -> Floats:
    """Return the (2^n,) sums of a (2^n,) array over all subsets of each set (the zeta transform).

    >>> subset_sums(np.array([0.0, 1.0, 2.0, 4.0])).tolist()
    [0.0, 1.0, 2.0, 7.0]
    """
    total = worth.astype(np.float64)
    width = 1
    while width < len(total):
        pairs = total.reshape(-1, 2, width)
        pairs[:, 1] += pairs[:, 0]
        width *= 2
    return total


def shapley_values(worth: Floats) -> Floats:
    """Return the (n,) Shapley values of a game given as the (2^n,) worth of every coalition.

    Each player's value is the mean of what joining adds, over all orders of joining; the values sum to
    the worth of all minus the worth of none.

    >>> shapley_values(np.array([0.0, 1.0, 2.0, 4.0])).tolist()
    [1.5, 2.5]
    """
    players = len(worth).bit_length() - 1
    if players == 0:
        return np.zeros(0)
    join = np.array([1.0 / (players * comb(players - 1, s)) for s in range(players)] + [0.0])
    chance = join[_sizes(players)]
    return np.array([_joining(worth, chance, i) for i in range(players)], dtype=np.float64)


def _joining(worth: Floats, chance: Floats, player: int) -> float:
    """Return the mean of what the player adds; exactly 0 where it never adds anything."""
    pairs = worth.reshape(-1, 2, 1 << player)
    added = pairs[:, 1] - pairs[:, 0]
    return float(np.sum(added * chance.reshape(-1, 2, 1 << player)[:, 0]))


def _sizes(players: int) -> Ints:
    size = np.zeros(1, np.int64)
    for _ in range(players):
        size = np.concatenate([size, size + 1])
    return size
