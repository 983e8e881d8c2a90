"""What to offer: chances by product, moment and home, and how often to try another one.

A logistic factor model: the log-odds that a home takes a product in a moment are those of the product in
that moment plus what the home's few traits (unseen, learned from all homes) have to do with it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, logit

from hearthline.signals._columns import Floats, Ints

__all__ = ["EXPLORE", "Learned", "chances", "choices", "learn"]

_SEED: Final = 20_150_106
_TRAITS: Final = 4
_STEPS: Final = 6
_FLOOR: Final = 1e-4
EXPLORE: Final = 0.5
"""The part of the doubt that is drawn: the whole of it tries more than it learns from."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of n homes, m moments and k products.

    Attributes:
        usual: (m, k) log-odds of a product in a moment over all homes.
        loadings: (m, k, traits) how the log-odds move with a home's traits.
        traits: (n, traits) their estimates, and `spread` (n, traits, traits) a root of their covariance.
    """

    usual: Floats
    loadings: Floats
    traits: Floats
    spread: Floats


def learn(wins: Floats, tries: Floats) -> Learned:
    """Return what offers taught; `wins` and `tries` are (n, m, k).

    Products in moments are shrunk to products anywhere by the spread between moments. Traits and loadings
    are fitted in turn, each by one Newton step of a logistic regression with a normal prior.
    """
    n, m, k = wins.shape
    usual = _usual(wins.sum(axis=0), tries.sum(axis=0))
    y, t = wins.reshape(n, m * k), tries.reshape(n, m * k)
    base = usual.reshape(1, m * k)
    odds = np.broadcast_to(base, (n, m * k))
    shift = (y - t * expit(odds)) / (t * 0.25 + 1.0)
    _, vectors = np.linalg.eigh(shift.T @ shift)
    size = min(_TRAITS, m * k)
    loadings = (
        vectors[:, ::-1][:, :size] * np.sign(vectors[:, ::-1][:, :size].sum(axis=0) + 1e-12) * np.sqrt(k)
    )
    traits, root = np.zeros((n, size)), np.broadcast_to(np.eye(size), (n, size, size))
    for _ in range(_STEPS):
        traits, root = _fitted((y, t), odds_of(base, traits, loadings), loadings, traits)
        loadings, _ = _fitted((y.T, t.T), odds_of(base, traits, loadings).T, traits, loadings)
    traits, root = _fitted((y, t), odds_of(base, traits, loadings), loadings, traits)
    return Learned(usual, loadings.reshape(m, k, size), traits, root)


def odds_of(base: Floats, traits: Floats, loadings: Floats) -> Floats:
    """Return (n, mk) log-odds."""
    out: Floats = base + np.clip(traits @ loadings.T, -6, 6)
    return out


def _usual(wins: Floats, tries: Floats) -> Floats:
    """Return (m, k) log-odds of products in moments, shrunk to products anywhere."""
    anywhere = (wins.sum(axis=0) + 0.5) / (tries.sum(axis=0) + 1.0)
    seen = np.where(tries > 0, wins / np.maximum(tries, 1e-9), anywhere)
    chance = anywhere * (1 - anywhere)
    total = np.maximum(tries.sum(axis=0), 1e-9)
    spread = (tries * (seen - anywhere) ** 2).sum(axis=0) / total
    real = np.maximum(spread - chance * np.count_nonzero(tries, axis=0) / total, chance * 0.002)
    weight = np.clip(chance / real - 1, 1.0, 500.0)
    out: Floats = logit(np.clip((wins + weight * anywhere) / (tries + weight), _FLOOR, 1 - _FLOOR))
    return out


def _fitted(seen: tuple[Floats, Floats], odds: Floats, given: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Return the coefficients of each row after one Newton step, and a root of their covariance."""
    wins, tries = seen
    chance = expit(odds)
    weight = tries * chance * (1 - chance)
    size = given.shape[1]
    pairs = (given[:, :, None] * given[:, None, :]).reshape(len(given), size * size)
    curve = (weight @ pairs).reshape(len(now), size, size) + np.eye(size)
    slope = (wins - tries * chance) @ given - now
    step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
    root = np.linalg.cholesky(np.linalg.inv(curve))
    moved: Floats = now + np.clip(step, -1.5, 1.5)
    return moved, root


def chances(known: Learned, moment: Ints) -> Floats:
    """Return (n, k) the chance that each home takes each product in its moment."""
    odds = known.usual[moment] + np.einsum("nkr,nr->nk", known.loadings[moment], known.traits)
    out: Floats = np.clip(expit(odds), _FLOOR, 1 - _FLOOR)
    return out


def choices(known: Learned, moment: Ints, draws: int, seed: int = _SEED) -> tuple[Ints, Floats, Ints]:
    """Return for each home the likeliest product, how often it is the best of a draw, and the runner-up.

    Drawing from the doubt and offering what comes out best is Thompson's rule: the part of draws is how
    often to offer it. The same draws for every home, so that no home's answer hangs on another's place.
    """
    chance = chances(known, moment)
    best: Ints = np.argmax(chance, axis=1)
    wins, at = np.zeros(chance.shape), np.arange(len(chance))
    noise = np.random.default_rng(seed).standard_normal((draws, known.traits.shape[1]))
    for one in noise:
        drawn = known.traits + EXPLORE * (known.spread @ one)
        odds = known.usual[moment] + np.einsum("nkr,nr->nk", known.loadings[moment], drawn)
        wins[at, np.argmax(odds, axis=1)] += 1
    sure = wins[at, best] / max(draws, 1)
    score = wins + chance
    score[at, best] = -1
    return best, sure, np.argmax(score, axis=1)
