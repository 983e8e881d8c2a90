"""Brand mentions where brands are misheard, beside edit distance; share of voice found and corrected."""

from statistics import median

import numpy as np
from misheard import ready, said

from hearthline.signals._matching import heard, runs, threshold
from hearthline.signals._shares import confusion, noise_of, unmixed
from hearthline.signals.mentions import _DECOYS_ARE_EASIER
from published import markdown

__all__ = ["told"]

RATES = (0.0, 0.1, 0.2)


def _f1(name: np.ndarray, hit: np.ndarray, brand: np.ndarray) -> tuple[float, float]:
    """Return F1 of the mentions, and the part of utterances without a brand in which one was found."""
    right = (hit & (name == brand) & (brand >= 0)).sum()
    wrong, missed = (hit & (name != brand)).sum(), (brand >= 0).sum() - right
    return float(2 * right / max(2 * right + wrong + missed, 1)), float(hit[brand < 0].mean())


def _edit(utterances: list[str], names: list[str], stop: frozenset[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the name of least edit distance (over length), and one less that distance: what is usual."""
    from jellyfish import levenshtein_distance

    plain = [n.lower().replace(" ", "") for n in names]
    best: dict[str, tuple[float, int]] = {}
    name, like = np.full(len(utterances), -1), np.zeros(len(utterances))
    for row, utterance in enumerate(utterances):
        for part in runs(utterance, stop):
            if part not in best:
                word = part.replace(" ", "")
                best[part] = max(
                    (1 - levenshtein_distance(word, n) / max(len(word), len(n)), -i)
                    for i, n in enumerate(plain)
                )
            if best[part][0] > like[row]:
                like[row], name[row] = best[part][0], -best[part][1]
    return name, like


def _voice(
    found: np.ndarray, names: list[str], words: list[str], least: float, brand: np.ndarray
) -> list[float]:
    """Return the error of the shares of voice, found and corrected: half the sum of absolute differences."""
    true = np.bincount(brand[brand >= 0], minlength=len(names)).astype(float)
    count = np.bincount(found, minlength=len(names)).astype(float)
    chances = confusion(names, noise_of(names, found, words), least)
    both = (count, unmixed(count, chances))
    return [float(0.5 * np.abs(c / max(c.sum(), 1) - true / true.sum()).sum()) for c in both]


def _town(rate: float, seed: int, queries: int) -> dict[str, float]:
    world = said(rate, seed, queries)
    least = threshold(world.heard, world.names, world.stop, 0.02 * _DECOYS_ARE_EASIER)
    found = heard(world.heard, world.names, world.stop)
    hit = found.likeness >= least
    ours = _f1(found.name, hit, world.brand)
    name, like = _edit(world.heard, world.names, world.stop)
    # the best threshold that anybody could have chosen for edit distance, with hindsight
    theirs = max((_f1(name, like >= t, world.brand) for t in np.arange(0.4, 1.01, 0.02)), key=lambda f: f[0])
    rows = np.flatnonzero(hit)
    before, after = _voice(
        found.name[rows], world.names, [found.words[i] for i in rows.tolist()], least, world.brand
    )
    exact = _f1(name, like >= 1, world.brand)
    return {
        "f1": ours[0],
        "false": ours[1],
        "edit f1": theirs[0],
        "edit false": theirs[1],
        "exact f1": exact[0],
        "shares": before,
        "corrected": after,
    }


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return the measures as Markdown: medians over seeds; range in brackets."""
    missing = ready()
    if missing:
        return (
            "Not measured here: pronunciations and word frequencies are read from packages that are not "
            f"installed ({missing}); `pip install --no-deps pocketsphinx wordfreq` brings them."
        )
    queries = 300 if small else 1000
    rows = []
    for rate in RATES:
        found = [_town(rate, seed, queries) for seed in seeds]

        def cell(name: str, found: list[dict[str, float]] = found) -> str:
            values = [f[name] for f in found]
            return f"{median(values):.3f} ({min(values):.3f}–{max(values):.3f})"

        names = ("f1", "false", "edit f1", "edit false", "exact f1", "shares", "corrected")
        rows.append([f"{rate:.0%}", *(cell(n) for n in names)])
    heads = [
        *("phones wrong", "F1", "false mentions", "F1, edit distance", "false, edit distance", "F1, exact"),
        *("share error, found", "share error, corrected"),
    ]
    return markdown(heads, rows) + (
        f"\n\n{queries:,} questions, half of them with a brand; seeds {', '.join(map(str, seeds))}; goals: "
        "F1 0.85, 0.72 and 0.62, false mentions at most 2 %. Medians over seeds, ranges in brackets."
    )
