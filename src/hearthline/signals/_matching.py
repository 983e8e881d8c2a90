"""Which name was meant by what was heard: sounds and letters of every run of words against every name.

What is likely is aligned exactly (weighted edit distance of sounds, plain one of letters), all pairs at
once. Below which likeness nothing is meant is found with decoys: made-up names of the same build. What they
are "mentioned" is false, so they say how often a real name is heard where nobody said it (the
target-decoy method; Elias & Gygi 2007, Nature Methods 4:207).
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hearthline.signals._sounds import LETTERS, SOUNDS, coded, costs, sounds, spelled

__all__ = ["Heard", "decoys", "heard", "names_heard", "runs", "threshold"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_SOUND_PART: Final = 0.8
_KAPPA: Final = 1.5
_KNOWN: Final = 1.0
"""What a name loses that was not written as it is, where the recogniser often writes it right."""
_OFTEN: Final = 3
_ONCE: Final = 0.6
"""What words lose that were heard once and are no name as it is written: a recogniser that does not know a
name writes it alike again and again, an ordinary word that sounds like it is said once in a while. Found on
tuning seeds of the benchmark; where all is said once, threshold and likeness fall alike."""
_LEAST: Final = 1.5
"""No threshold is lower: where few different things are said, decoys tell little."""
_MOST_WORDS: Final = 4
_LONGEST: Final = 18
_PAIRS: Final = 400_000
_SWAP, _LOSE = costs()
_PLAIN: Final = 1 - np.eye(len(LETTERS), dtype=np.float32)
_ONE: Final = np.ones(len(LETTERS), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Heard:
    """For each of n utterances the name that it is most like (-1: none), how like, and which words."""

    name: Ints
    likeness: Floats
    words: list[str]


def runs(utterance: str, stop: frozenset[str]) -> list[str]:
    """Return runs of up to four neighbouring words that are no stop words.

    >>> runs("order pure in a cat food", frozenset({"order", "cat", "food"}))
    ['pure', 'pure in', 'pure in a', 'in', 'in a', 'a']
    """
    words = [w.replace("'", "") for w in re.findall(r"[a-z0-9']+", utterance.lower())]
    out = []
    for first in range(len(words)):
        for last in range(first, min(first + _MOST_WORDS, len(words))):
            if words[last] in stop:
                break
            out.append(" ".join(words[first : last + 1]))
    return out


def heard(utterances: list[str], names: list[str], stop: frozenset[str]) -> Heard:
    """Return which name each utterance is most like."""
    found = [runs(u, stop) for u in utterances]
    distinct = sorted({r for part in found for r in part})
    exact = {spelled(n): i for i, n in enumerate(names)}
    written = np.zeros(len(names), dtype=np.int64)
    for part in found:
        for i in {exact[s] for r in part if (s := spelled(r)) in exact}:
            written[i] += 1
    best, which = _best(distinct, names, np.where(written >= _OFTEN, _KNOWN, 0.0).astype(np.float32))
    place = {r: i for i, r in enumerate(distinct)}
    times = Counter(r for part in found for r in set(part))
    once = np.array([times[r] == 1 and spelled(r) not in exact for r in distinct], dtype=np.bool_)
    best = np.where(once, best - np.float32(_ONCE), best).astype(np.float32)
    name, like = np.full(len(utterances), -1), np.full(len(utterances), -9.0, dtype=np.float32)
    words = [""] * len(utterances)
    for row, part in enumerate(found):
        if part:
            top = max(part, key=lambda r: (best[place[r]], len(r)))
            name[row], like[row], words[row] = which[place[top]], best[place[top]], top
    return Heard(name, like, words)


def _best(distinct: list[str], names: list[str], known: Floats | None = None) -> tuple[Floats, Ints]:
    """Return for each run the likeness of the name that is most like it, and which that is.

    `known` is what each name loses where it is not written as it is.
    """
    best, which = np.full(len(distinct), -9.0, dtype=np.float32), np.full(len(distinct), -1)
    if not distinct or not names:
        return best, which
    said, spelt = [[f(t)[:_LONGEST] for t in distinct] for f in (sounds, spelled)]
    name_said, name_spelt = [[f(t)[:_LONGEST] for t in names] for f in (sounds, spelled)]
    a, b = coded(said, SOUNDS), coded(name_said, SOUNDS)
    c, d = coded(spelt, LETTERS), coded(name_spelt, LETTERS)
    row, column = _likely(a, b)
    like = np.zeros(len(row), dtype=np.float32)
    for start in range(0, len(row), _PAIRS):
        part = slice(start, start + _PAIRS)
        i, j = row[part], column[part]
        by_sound = _alike(a[i], b[j], _SWAP, _LOSE)
        by_letter = _alike(c[i], d[j], _PLAIN, _ONE)
        like[part] = _SOUND_PART * by_sound + (1 - _SOUND_PART) * by_letter
        if known is not None:
            wide = min(c.shape[1], d.shape[1])
            same = (c[i, :wide] == d[j, :wide]).all(axis=1) & (
                (c[i] >= 0).sum(axis=1) == (d[j] >= 0).sum(axis=1)
            )
            like[part] -= np.where(same, 0, known[j])
    order = np.lexsort((-column, like, row))
    last = np.flatnonzero(np.diff(row[order], append=-1))
    rows = row[order][last]
    best[rows], which[rows] = like[order][last], column[order][last]
    return best, which


def names_heard(said: list[str], names: list[str], least: float) -> Ints:
    """Return the name that sounds (letters of `SOUNDS`) are most like, by sound alone; -1 below `least`."""
    codes = coded([s[:_LONGEST] for s in said], SOUNDS)
    known = coded([sounds(n)[:_LONGEST] for n in names], SOUNDS)
    out = np.full(len(said), -1)
    for start in range(0, len(said), 512):
        part = codes[start : start + 512]
        row, column = np.divmod(np.arange(len(part) * len(names)), len(names))
        like = _alike(part[row], known[column], _SWAP, _LOSE).reshape(len(part), len(names))
        best = like.argmax(axis=1)
        out[start : start + 512] = np.where(like.max(axis=1) >= least, best, -1)
    return out


def _counts(codes: NDArray[np.int8], k: int) -> Floats:
    out = np.zeros((len(codes), k), dtype=np.float32)
    row, place = np.nonzero(codes >= 0)
    np.add.at(out, (row, codes[row, place]), 1)
    return out


def _likely(a: NDArray[np.int8], b: NDArray[np.int8]) -> tuple[Ints, Ints]:
    """Return the pairs of rows whose sounds, in any order, overlap enough to be worth aligning."""
    k = len(SOUNDS)
    near = np.maximum(1 - _SWAP * 1.3, 0)
    one, other = _counts(a, k), _counts(b, k)
    one /= np.sqrt(np.einsum("ik,kl,il->i", one, near, one))[:, None] + 1e-9
    other /= np.sqrt(np.einsum("ik,kl,il->i", other, near, other))[:, None] + 1e-9
    length, length_b = (a >= 0).sum(axis=1), (b >= 0).sum(axis=1)
    rows, columns = [], []
    for start in range(0, len(a), 8192):
        part = slice(start, start + 8192)
        like = (one[part] @ near) @ other.T
        close = np.abs(length[part, None] - length_b) <= np.maximum(2, 0.5 * length_b)
        i, j = np.nonzero((like > 0.6) & close)
        rows.append(i + start)
        columns.append(j)
    return np.concatenate(rows), np.concatenate(columns)


def _alike(a: NDArray[np.int8], b: NDArray[np.int8], swap: Floats, lose: Floats) -> Floats:
    """Return how much likelier a pair of rows is one name than two: mean weight less the cost of change.

    Like a logarithm of odds: a long name may bear more changes than a short one.
    """
    pairs, wide = len(a), b.shape[1]
    gone_a, gone_b = (np.where(x >= 0, lose[np.maximum(x, 0)], 0) for x in (a, b))
    table = np.zeros((pairs, wide + 1), dtype=np.float32)
    table[:, 1:] = np.cumsum(gone_b, axis=1)
    for i in range(a.shape[1]):
        there = a[:, i] >= 0
        if not there.any():
            break
        new = np.empty_like(table)
        new[:, 0] = table[:, 0] + gone_a[:, i]
        change = swap[np.maximum(a[:, i], 0)[:, None], np.maximum(b, 0)]
        for j in range(wide):
            left = np.minimum(new[:, j] + gone_b[:, j], table[:, j + 1] + gone_a[:, i])
            new[:, j + 1] = np.minimum(left, table[:, j] + change[:, j])
        table = np.where(there[:, None], new, table)
    end = np.take_along_axis(table, (b >= 0).sum(axis=1)[:, None], axis=1)[:, 0]
    weight = 0.5 * (gone_a.sum(axis=1) + gone_b.sum(axis=1))
    out: Floats = (weight - _KAPPA * end).astype(np.float32)
    return out


def decoys(names: list[str], copies: int, seed: int) -> list[str]:
    """Return made-up names of the same build: each letter drawn anew among vowels or among consonants.

    None is like a real name; names too short to make an unlike one have none.
    """
    random = np.random.default_rng(seed)
    letters = [c for n in names for c in spelled(n)]
    pool = {v: [c for c in letters if (c in "aeiouy") == v] or ["a"] for v in (True, False)}
    made = []
    for name in names * copies:
        drawn = [random.choice(pool[c in "aeiouy"]) if c.isalnum() else c for c in name.lower()]
        made.append("".join(drawn))
    distinct = sorted(set(made))
    best, which = _best(distinct, names)
    own, _ = _best(names, names)
    near = {
        m for m, like, i in zip(distinct, best.tolist(), which.tolist(), strict=True) if like > 0.3 * own[i]
    }
    return [m for m in made if m not in near]


def threshold(
    utterances: list[str], names: list[str], stop: frozenset[str], rate: float, folds: int = 5
) -> float:
    """Return the likeness above which at most `rate` of the utterances would name a decoy.

    The list of names is cut in `folds`; each part's decoys give a threshold, their mean is taken.
    """
    found = []
    for fold in range(folds):
        fake = decoys(names, 1, seed=fold)
        like = heard(utterances, fake, stop).likeness
        found.append(float(np.quantile(like, 1 - rate)) if len(like) else 1.0)
    return max(_LEAST, float(np.mean(found)))
