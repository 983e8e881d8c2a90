"""Recommendations in a world with a known best item: regret beside popularity, and replay of random offers.

Tastes are points in a plane, items too; moments turn the plane. A home takes an item with a chance that
falls with the distance: no product of a home's and a moment's effect, as the method supposes.
"""

import numpy as np

from hearthline.signals._offers import EXPLORE, chances, learn
from published import markdown

__all__ = ["told"]

ITEMS, MOMENTS = 12, 4


def _world(rng: np.random.Generator, homes: int) -> np.ndarray:
    """Return (homes, moments, items) the chance that an offer is taken."""
    taste = rng.normal(0, 1.0, (homes, 2)) + rng.choice([-1.0, 1.0], (homes, 1)) * np.array([0.8, 0.2])
    item = rng.normal(0, 1.2, (ITEMS, 2))
    turn = np.array([0.0, 0.35, 0.9, 1.6])
    out = np.empty((homes, MOMENTS, ITEMS))
    for m, angle in enumerate(turn):
        c, s = np.cos(angle), np.sin(angle)
        seen = taste @ np.array([[c, -s], [s, c]])
        out[:, m] = 0.02 + 0.35 * np.exp(-0.5 * ((seen[:, None] - item[None]) ** 2).sum(axis=2))
    return out


class _Log:
    """What was offered and taken so far."""

    def __init__(self, homes: int) -> None:
        self.wins = np.zeros((homes, MOMENTS, ITEMS))
        self.tries = np.zeros((homes, MOMENTS, ITEMS))

    def add(self, home: np.ndarray, moment: np.ndarray, item: np.ndarray, taken: np.ndarray) -> None:
        np.add.at(self.wins, (home, moment, item), taken.astype(float))
        np.add.at(self.tries, (home, moment, item), 1.0)


def _lived(seed: int, homes: int, rounds: int, policy: str) -> tuple[float, float]:
    """Return the mean regret a round, of all rounds and of the last quarter."""
    rng = np.random.default_rng([seed, 81])
    world, log, every = _world(rng, homes), _Log(homes), np.arange(homes)
    regret = []
    for now in range(rounds):
        moment = rng.integers(0, MOMENTS, homes)
        luck, draw = rng.random(homes), np.random.default_rng([seed, 82, now])
        item = _offered(policy, log, moment, draw)
        chance = world[every, moment]
        taken = luck < chance[every, item]
        log.add(every, moment, item, taken)
        regret.append(float((chance.max(axis=1) - chance[every, item]).mean()))
    return float(np.mean(regret)), float(np.mean(regret[-rounds // 4 :]))


def _offered(policy: str, log: _Log, moment: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    homes = len(log.wins)
    anything = np.asarray(draw.integers(0, ITEMS, homes))
    if policy == "random" or log.tries.sum() < 6 * homes:
        return anything
    if policy == "popularity":
        rate = (log.wins.sum(axis=(0, 1)) + 1) / (log.tries.sum(axis=(0, 1)) + 10)
        return np.where(draw.random(homes) < 0.05, anything, int(np.argmax(rate)))
    known = learn(log.wins, log.tries)
    drawn = known.traits + EXPLORE * np.einsum(
        "nrs,ns->nr", known.spread, draw.standard_normal(known.traits.shape)
    )
    odds = known.usual[moment] + np.einsum("nkr,nr->nk", known.loadings[moment], drawn)
    return np.asarray(np.argmax(odds, axis=1))


def _replayed(seed: int, homes: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Return for each rule what a replay of random offers says that it earns, and the truth."""
    rng = np.random.default_rng([seed, 83])
    world, log, every = _world(rng, homes), _Log(homes), np.arange(homes)
    tests = []
    for now in range(rounds):
        moment, item = rng.integers(0, MOMENTS, homes), rng.integers(0, ITEMS, homes)
        taken = rng.random(homes) < world[every, moment, item]
        if now < rounds // 2:
            log.add(every, moment, item, taken)
        else:
            tests.append((moment, item, taken))
    popular = int(np.argmax(log.wins.sum(axis=(0, 1)) / np.maximum(log.tries.sum(axis=(0, 1)), 1)))
    known = learn(log.wins, log.tries)
    out = {}
    for name in ("signal", "popularity"):
        hits, same, truth = 0.0, 0, []
        for moment, item, taken in tests:
            own = np.argmax(chances(known, moment), axis=1)
            best = own if name == "signal" else np.full(homes, popular)
            hits += float(taken[best == item].sum())
            same += int((best == item).sum())
            truth.append(world[every, moment, best].mean())
        out[name] = (hits / max(same, 1), float(np.mean(truth)))
    return out


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return regret by policy, and what a replay says against the truth."""
    homes, rounds = (150, 80) if small else (500, 365)
    names = {"random": "random", "popularity": "popularity, 5 % tried", "signal": "signal"}
    found = {p: np.mean([_lived(s, homes, rounds, p) for s in seeds], axis=0) for p in names}
    base = found["popularity"]
    rows = [
        [names[p], f"{all_[0]:.4f}", f"{all_[0] / base[0]:.2f}", f"{all_[1]:.4f}", f"{all_[1] / base[1]:.2f}"]
        for p, all_ in found.items()
    ]
    heads = ["policy", "regret an offer", "against popularity", "last quarter", "against popularity"]
    replay = [_replayed(s, homes, rounds) for s in seeds]
    judged = [
        [name, f"{np.mean([r[name][0] for r in replay]):.4f}", f"{np.mean([r[name][1] for r in replay]):.4f}"]
        for name in ("signal", "popularity")
    ]
    return (
        markdown(heads, rows)
        + "\n\n"
        + markdown(["replay of random offers", "says it earns an offer", "truth"], judged)
    )
