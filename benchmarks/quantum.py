"""Shapley values by amplitude estimation and channel sets by annealing, beside ordinary computing.

    python benchmarks/quantum.py [--repeats 30] [--homes 3000] [--small] [--write docs/quantum.md]

A quantum computer is simulated: a noiseless state vector, whose measurements are drawn. The games are those
of a simulated town: the rate of buying of journeys inside a set of its most met channels.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np

from hearthline.attribution._game import shapley_values, subset_sums
from hearthline.attribution._sets import masks
from hearthline.schema.journey import Floats, Journeys
from published import markdown, write_block
from towns import seen_in

SEED = 401
MARK = "make quantum"
BUDGETS = ((16, 3), (32, 4), (64, 5))
"""Shots at each power, and how many powers: 0, 1, 2, 4, ... rounds of amplification."""


@dataclass(frozen=True)
class Game:
    """Worths of all coalitions of n players, as an array of 2^n."""

    worth: Floats

    @property
    def players(self) -> int:
        """Number of players."""
        return len(self.worth).bit_length() - 1

    def added(self, player: int) -> Floats:
        """Return the (2^(n - 1),) worths that a player adds to each coalition of the others."""
        pairs = self.worth.reshape(-1, 2, 1 << player)
        return (pairs[:, 1] - pairs[:, 0]).ravel()


def game_of(journeys: Journeys, players: int) -> Game:
    """Return the rate of buying of journeys inside each set of the most met channels."""
    most = np.argsort(-np.bincount(journeys.channel, minlength=journeys.channels), kind="stable")[:players]
    own = masks(journeys)
    mine, others = np.zeros_like(own), own.copy()
    for place, channel in enumerate(np.sort(most)):
        mine |= ((own >> int(channel)) & 1) << place
        others &= ~(1 << int(channel))
    inside = (others == 0) & (own > 0)
    size = 1 << players
    seen = np.bincount(mine[inside], minlength=size).astype(np.float64)
    won = np.bincount(mine[inside & journeys.converted], minlength=size).astype(np.float64)
    every, bought = subset_sums(seen), subset_sums(won)
    return Game(np.divide(bought, every, out=np.zeros(size), where=every > 0.0))


# --- Shapley values by amplitude estimation -----------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """The state whose chance of a marked last qubit is a player's value, from 0 to 1 between the two ends."""

    state: Floats
    marked: Floats
    low: float
    wide: float
    qubits: int


def prepared(game: Game, player: int) -> Prepared:
    """Return the state of Burge, Barbeau & Garcia-Alfaro (2023, arXiv:2301.04727), by quadrature.

    The value is the integral over q in [0, 1] of what the player adds when every other player joins with
    chance q: a polynomial of degree n - 1, so ceil(n / 2) Gauss-Legendre nodes give it exactly.
    """
    n, added = game.players, game.added(player)
    nodes = -(-n // 2)
    aux = int(np.ceil(np.log2(nodes))) if nodes > 1 else 0
    point, weight = np.polynomial.legendre.leggauss(nodes)
    chance, amplitude = (point + 1.0) / 2.0, np.sqrt(np.append(weight / 2.0, np.zeros((1 << aux) - nodes)))
    joined = np.array([s.bit_count() for s in range(1 << (n - 1))])
    odds = [q**joined * (1.0 - q) ** (n - 1 - joined) for q in chance]
    unused = [np.ones(len(joined)) / len(joined)] * ((1 << aux) - nodes)
    coalition = np.sqrt(np.stack([*odds, *unused]))
    low, wide = float(added.min()), max(float(np.ptp(added)), 1e-12)
    height = np.sqrt((added - low) / wide)
    last = np.stack([np.sqrt(np.maximum(1.0 - height**2, 0.0)), height], axis=1)
    state = (amplitude[:, None, None] * coalition[:, :, None] * last[None]).ravel()
    marked = np.tile([0.0, 1.0], len(state) // 2)
    return Prepared(state, marked, low, wide, aux + n)


def chances(made: Prepared, powers: list[int]) -> Floats:
    """Return the chance of a marked qubit after each number of Grover rounds, from the state vector."""
    found, vector, done = [], made.state.copy(), 0
    for power in powers:
        for _ in range(power - done):
            vector -= 2.0 * made.marked * vector  # mark
            vector = 2.0 * made.state * float(made.state @ vector) - vector  # reflect about the state
        done = power
        found.append(float(np.sum(vector**2 * made.marked)))
    clipped: Floats = np.clip(np.array(found), 0.0, 1.0)
    return clipped


def by_amplitude(made: Prepared, shots: int, powers: list[int], dice: np.random.Generator) -> float:
    """Return a player's value by maximum likelihood (Suzuki et al. 2020, arXiv:1904.10246)."""
    hits = dice.binomial(shots, chances(made, powers))
    angle = np.linspace(1e-6, np.pi / 2 - 1e-6, 20_001)
    likely = np.zeros(len(angle))
    for power, hit in zip(powers, hits, strict=True):
        sine = np.clip(np.sin((2 * power + 1) * angle) ** 2, 1e-12, 1.0 - 1e-12)
        likely += hit * np.log(sine) + (shots - hit) * np.log(1.0 - sine)
    return made.low + made.wide * float(np.sin(angle[np.argmax(likely)]) ** 2)


def by_coin(made: Prepared, calls: int, dice: np.random.Generator) -> float:
    """Return a player's value from the same measurement without amplification."""
    chance = chances(made, [0])[0]
    return made.low + made.wide * float(dice.binomial(calls, chance)) / calls


def by_sampling(game: Game, player: int, calls: int, dice: np.random.Generator) -> float:
    """Return a player's value as the mean of what it adds to random coalitions: ordinary Monte Carlo."""
    added, n = game.added(player), game.players
    joins = dice.random((calls, n - 1)) < dice.random((calls, 1))
    return float(added[(joins * (1 << np.arange(n - 1))).sum(axis=1)].mean())


def errors(game: Game, shots: int, steps: int, repeats: int) -> tuple[int, list[float]]:
    """Return the calls for each player, and the relative errors of the three ways at that many calls."""
    powers = [0, *(1 << i for i in range(steps))]
    calls = shots * sum(2 * p + 1 for p in powers)
    exact = shapley_values(game.worth)
    misses: list[list[float]] = [[], [], []]
    for player in range(game.players):
        made, dice = prepared(game, player), np.random.default_rng([player, shots])
        for _ in range(repeats):
            ways: list[float] = [
                by_amplitude(made, shots, powers, dice),
                by_coin(made, calls, dice),
                by_sampling(game, player, calls, dice),
            ]
            for miss, value in zip(misses, ways, strict=True):
                miss.append(value - exact[player])
    size = float(np.sqrt(np.mean(exact**2)))
    return calls, [float(np.sqrt(np.mean(np.square(m)))) / size for m in misses]


def shapley_table(journeys: Journeys, most: int, repeats: int) -> str:
    """Return the table of errors at equal calls."""
    rows = []
    for players in range(4, most + 1):
        game = game_of(journeys, players)
        for shots, steps in BUDGETS:
            calls, (amplitude, coin, sampling) = errors(game, shots, steps, repeats)
            told = [f"{e:.4f}" for e in (amplitude, coin, sampling)]
            rows.append([f"{players}", f"{calls:,}", *told, f"{1 << (players - 1):,}"])
    heads = ["channels", "calls a channel", "amplitude estimation", "same bit, no amplification"]
    return markdown([*heads, "ordinary Monte Carlo", "calls for the exact value"], rows)


# --- sets of channels as a quadratic binary problem -----------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """Choose `size` channels: reward each, less what pairs have in common."""

    reward: Floats
    common: Floats
    size: int

    def worth(self, chosen: Floats) -> float:
        """Return the quadratic worth of a (n,) choice of 0 and 1; a wrong number of channels costs."""
        strays = float(chosen.sum()) - self.size
        penalty = float(self.reward.max()) * strays**2
        return float(self.reward @ chosen - chosen @ self.common @ chosen / 2.0) - penalty


def choice_of(reached: Floats, size: int) -> Choice:
    """Return the choice of channels that reach most buyers, to the second order of inclusion-exclusion.

    Args:
        reached: (buyers, channels) of 0 and 1.
        size: how many channels.
    """
    common = reached.T @ reached
    reward = np.diagonal(common).copy()
    np.fill_diagonal(common, 0.0)
    return Choice(reward, common, size)


def exactly(choice: Choice) -> tuple[Floats, int]:
    """Return the best of all sets of the size, and how many there are."""
    n, found = len(choice.reward), np.zeros(len(choice.reward))
    best = -np.inf
    for chosen in combinations(range(n), choice.size):
        row = np.zeros(n)
        row[list(chosen)] = 1.0
        worth = choice.worth(row)
        if worth > best:
            best, found = worth, row
    return found, comb(n, choice.size)


def greedily(choice: Choice) -> tuple[Floats, int]:
    """Return the set that grows by the best channel each time, and how many sets were looked at."""
    chosen, looks = np.zeros(len(choice.reward)), 0
    for _ in range(choice.size):
        gain = np.where(chosen > 0.0, -np.inf, choice.reward - choice.common @ chosen)
        looks += int(len(gain) - chosen.sum())
        chosen[int(np.argmax(gain))] = 1.0
    return chosen, looks


def by_annealing(choice: Choice, sweeps: int, seed: int) -> tuple[Floats, int]:
    """Return what simulated annealing finds, flipping one channel at a time, and how many it looked at."""
    dice, n = np.random.default_rng(seed), len(choice.reward)
    chosen = (dice.random(n) < choice.size / n).astype(np.float64)
    best, worth = chosen.copy(), choice.worth(chosen)
    top = worth
    for heat in np.geomspace(choice.reward.max(), choice.reward.max() * 1e-3, sweeps):
        for flip in dice.permutation(n):
            chosen[flip] = 1.0 - chosen[flip]
            other = choice.worth(chosen)
            if other >= worth or dice.random() < np.exp((other - worth) / heat):
                worth = other
            else:
                chosen[flip] = 1.0 - chosen[flip]
            if worth > top:
                top, best = worth, chosen.copy()
    return best, sweeps * n


def reached_by(channels: int, buyers: int, seed: int) -> Floats:
    """Return (buyers, channels) who was reached by what, with channels that reach the same people."""
    dice = np.random.default_rng(seed)
    taste, pull = dice.normal(size=(buyers, 3)), dice.normal(size=(3, channels))
    return (taste @ pull + dice.normal(size=channels) > 1.5).astype(np.float64)


def choice_table(journeys: Journeys, repeats: int) -> str:
    """Return the table of what each way finds, as a part of the best quadratic worth."""
    rows = []
    own = masks(journeys)[journeys.converted]
    met = ((own[:, None] >> np.arange(journeys.channels)) & 1).astype(np.float64)
    problems: list[tuple[str, Callable[[int], Floats], int]] = [("the town's", lambda _: met, 4)]
    for channels, size in ((12, 5), (16, 6)):
        problems.append((f"{channels} drawn", lambda seed, c=channels: reached_by(c, 500, seed), size))  # type: ignore[misc]
    for name, make, size in problems:
        ways: list[list[float]] = [[], [], []]
        for seed in range(1 if name.startswith("the") else min(repeats, 10)):
            reached = make(seed)
            choice = choice_of(reached, size)
            best, all_ = exactly(choice)
            whole = choice.worth(best)
            greedy, looks = greedily(choice)
            cooled, flips = by_annealing(choice, 200, seed)
            ways[0].append(choice.worth(greedy) / whole)
            ways[1].append(choice.worth(cooled) / whole)
            ways[2].append(_covered(reached, best) / _most_covered(reached, size))
        told = [f"{np.mean(w):.3f}" for w in ways]
        rows.append(
            [f"{name} channels, choose {size}", f"{all_:,}", f"{looks:,}", told[0], f"{flips:,}", *told[1:]]
        )
    heads = ["choice", "sets in all", "greedy looks at", "greedy, of best", "annealing looks at"]
    return markdown([*heads, "annealing, of best", "best set's buyers, of most"], rows)


def _covered(reached: Floats, chosen: Floats) -> float:
    return float((reached @ chosen > 0.0).sum())


def _most_covered(reached: Floats, size: int) -> float:
    sets = combinations(range(reached.shape[1]), size)
    return max(float(reached[:, list(chosen)].any(axis=1).sum()) for chosen in sets)


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--repeats", type=int, default=30)
    flags.add_argument("--homes", type=int, default=3000)
    flags.add_argument("--small", action="store_true", help="150 homes, two repeats, four channels")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the tables")
    given = flags.parse_args()
    repeats, homes, most = (2, min(given.homes, 150), 4) if given.small else (given.repeats, given.homes, 6)
    journeys = seen_in("additive", homes, 120, SEED).orders
    exact = max(
        abs(float(m.low + m.wide * chances(m, [0])[0]) - value)
        for game in [game_of(journeys, most)]
        for m, value in [(prepared(game, i), v) for i, v in enumerate(shapley_values(game.worth))]
    )
    qubits = prepared(game_of(journeys, most), 0).qubits
    about = (
        f"A town of {homes:,} homes, seed {SEED}; {repeats} repeats. The prepared state's own chance is "
        f"the exact Shapley value to {max(exact, 1e-16):.0e}; {most} channels take {qubits} qubits."
    )
    text = "\n\n".join(
        [
            about,
            "### Shapley values: relative error at equal calls",
            shapley_table(journeys, most, repeats),
            "### Sets of channels",
            choice_table(journeys, repeats),
        ]
    )
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


if __name__ == "__main__":
    main()
