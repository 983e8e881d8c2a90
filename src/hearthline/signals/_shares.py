"""Shares of what was said from what was found: confusion and misses taken out, with an interval.

Each name is passed through the noise that the mentions show (changed sounds for each sound), and heard again:
that gives the chance of finding name j where name i was said. How often a name is found at all is drawn half
way to the mean of all, since a spelling says little of how a name is said. What was said is then the mixture
that makes what was found likeliest (expectation-maximisation; Dempster, Laird & Rubin 1977).
"""

import numpy as np
from numpy.typing import NDArray

from hearthline.signals._matching import names_heard
from hearthline.signals._sounds import SOUNDS, costs, sounds

__all__ = ["confusion", "noise_of", "unmixed"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_COPIES = 30


def _nearby() -> Floats:
    """Return for each sound the running chances of the sounds that are heard for it."""
    near = np.exp(-4 * costs()[0].astype(np.float64))
    np.fill_diagonal(near, 0)
    out: Floats = np.cumsum(near / near.sum(axis=1, keepdims=True), axis=1)
    out[:, -1] = 1.0
    return out


_NEARBY = _nearby()


def noise_of(names: list[str], which: Ints, words: list[str]) -> float:
    """Return changed sounds for each sound of a name, over all mentions; at most one in two."""
    changed, total = 0.0, 0.0
    for i, heard in zip(which.tolist(), words, strict=True):
        one, other = sounds(names[i]), sounds(heard)
        changed += _edits(one, other)
        total += max(len(one), 1)
    return min(changed / total, 0.5) if total else 0.0


def _edits(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        left, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            left, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, left + (a != b))
    return row[-1]


def confusion(names: list[str], noise: float, least: float) -> Floats:
    """Return (k, k + 1) chances that name j is found where name i is said; the last column: none is."""
    random, k = np.random.default_rng(4), len(names)
    said = []
    for name in names:
        spoken = sounds(name)
        for _ in range(_COPIES):
            luck, pick = random.random(len(spoken)), random.random(len(spoken))
            said.append("".join(_changed(s, a, b, noise) for s, a, b in zip(spoken, luck, pick, strict=True)))
    found = names_heard(said, names, least)
    out = np.zeros((k, k + 1))
    np.add.at(out, (np.repeat(np.arange(k), _COPIES), np.where(found < 0, k, found)), 1 / _COPIES)
    recall = out[:, :-1].sum(axis=1)
    out[:, :-1] *= ((recall + recall.mean()) / 2 / np.maximum(recall, 1e-9))[:, None]
    out[:, -1] = np.maximum(1 - out[:, :-1].sum(axis=1), 0)
    return out


def _changed(sound: str, luck: float, pick: float, noise: float) -> str:
    """Return what is heard of a sound: a near one more often than a far one, sometimes none."""
    if luck >= 0.85 * noise:
        return sound
    if luck >= 0.7 * noise:
        return ""
    return SOUNDS[int(np.searchsorted(_NEARBY[SOUNDS.index(sound)], pick))]


def unmixed(found: Floats, chances: Floats, steps: int = 200) -> Floats:
    """Return the counts of what was said that make what was found likeliest; they count misses as well.

    >>> truth, chances = np.array([80.0, 20.0]), np.array([[0.9, 0.0, 0.1], [0.3, 0.5, 0.2]])
    >>> unmixed(truth @ chances[:, :2], chances).round(1).tolist()
    [80.0, 20.0]
    """
    seen = chances[:, :-1]
    reach = np.maximum(seen.sum(axis=1), 1e-6)
    said = np.full(len(chances), found.sum() / max(len(chances), 1)) + 1e-9
    for _ in range(steps):
        expected = np.maximum(said @ seen, 1e-12)
        said = said * (seen @ (found / expected)) / reach
    return said
