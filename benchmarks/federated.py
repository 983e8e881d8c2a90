"""What it takes to fit the additive hazard where journeys stay at home, and what privacy costs.

    python benchmarks/federated.py [--homes 8000] [--asked 200] [--days 120] [--draws 9] [--small]
                                   [--flower [--nodes 2] [--environments FOLDER]] [--write docs/federated.md]

First some homes of a simulated town are asked one by one, and their fit is compared with the fit to all
their journeys together. Then all homes are asked under a budget of privacy, several draws of the noise each.
`--flower` does neither: it starts a Flower network on this machine and fits homes that lie at its nodes.
Flower is fetched into an environment of its own, which is thrown away unless a folder is named.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from scipy import sparse

from hearthline.attribution import (
    Ask,
    HomeSums,
    Privacy,
    Sums,
    Terms,
    fitted_on_sums,
    fitted_privately,
    load,
    sums_of,
)
from hearthline.schema.journey import Floats, Journeys
from over_flower import carried, flower
from published import markdown, write_block
from towns import seen_in

SEED = 201
MARK, FLOWER_MARK = "make federated", "make federated ARGS=--flower"
BUDGETS = (float("inf"), 8.0, 3.0, 1.0)


class Counting:
    """Asks homes, and counts what one of them sends."""

    def __init__(self, sums: Sums) -> None:
        self.sums = sums
        self.numbers: list[int] = []

    def __call__(self, ask: Ask) -> Floats:
        """Return the sum, counted."""
        told = self.sums(ask)
        self.numbers.append(len(told))
        return told


class Together:
    """Answers of many homes at once, each clipped by itself: what asking them one by one gives."""

    def __init__(self, homes: list[HomeSums], limits: tuple[float, ...]) -> None:
        self.watched = np.sum([h.answer(Ask("watched", most=limits)) for h in homes], axis=0)
        self.parts = [h.gathered for h in homes]
        self.stratum = np.concatenate([p.stratum for p in self.parts])
        self.weight = np.concatenate([p.weight for p in self.parts])
        self.load = sparse.csr_array(sparse.vstack([p.load for p in self.parts]))
        owner = np.repeat(np.arange(len(homes)), [len(p.stratum) for p in self.parts])
        each = np.arange(len(owner))
        self.home = sparse.csr_array((np.ones(len(owner)), (owner, each)), shape=(len(homes), len(owner)))

    def __call__(self, ask: Ask) -> Floats:
        """Return the sum of clipped answers."""
        if ask.want == "watched":
            return np.asarray(self.watched, dtype=np.float64)
        assert ask.want == "caused"
        assert ask.rates is not None
        load = self.load if ask.mix is None else sparse.csr_array(self.load @ ask.mix)
        stratum = np.zeros_like(self.stratum) if ask.one_stratum else self.stratum
        base = ask.rates.mu[stratum]
        each = self.weight / (base + load @ ask.rates.gamma)
        shape = (len(base), len(ask.rates.mu))
        of_base = sparse.csr_array((base * each, (np.arange(len(base)), stratum)), shape=shape)
        of_touch = load.multiply(ask.rates.gamma[None, :]).multiply(each[:, None])
        told = sparse.csr_array(self.home @ sparse.csr_array(sparse.hstack([of_base, of_touch])))
        length = np.sqrt(np.asarray(told.multiply(told).sum(axis=1)).ravel())
        kept = np.minimum(1.0, ask.most[0] / np.maximum(length, 1e-300)) if ask.most else np.ones(len(length))
        return np.asarray(told.T @ kept, dtype=np.float64)


def by_home(journeys: Journeys) -> list[Journeys]:
    """Return every home's journeys by themselves."""
    order = np.argsort(journeys.unit, kind="stable")
    cuts = np.flatnonzero(np.diff(journeys.unit[order])) + 1
    return [journeys.take(rows) for rows in np.split(order, cuts)]


def terms_of(journeys: Journeys) -> Terms:
    """Return what everybody agrees on."""
    return Terms(journeys.channels, 4, journeys.strata_h.shape[1])


def asked(journeys: Journeys) -> str:
    """Return the table of a fit by asking homes one by one, beside the fit to all journeys."""
    model = load("additive_hazard")
    homes = by_home(journeys)
    known = [HomeSums(model.gather(h)) for h in homes]
    counting = Counting(sums_of(known))
    found = fitted_on_sums(counting, terms_of(journeys))
    central = model.solve(model.gather(journeys))
    rates = [np.concatenate([f.mu, f.gamma.ravel()]) for f in (found.fit, central)]
    apart = float(np.max(np.abs(rates[0] - rates[1]) / np.maximum(rates[1], 1e-300)))
    credit = max(
        float(np.max(np.abs(model.credit(h, found.at(k)) - model.credit(h, central)), initial=0.0))
        for h, k in zip(homes, known, strict=True)
    )
    rows = [
        ["homes asked", f"{len(homes):,}"],
        ["rates fitted", f"{len(rates[0]):,}"],
        ["rounds", f"{len(counting.numbers):,}"],
        ["numbers that a home sends, largest round", f"{max(counting.numbers):,}"],
        ["numbers that a home sends, all rounds", f"{sum(counting.numbers):,}"],
        ["largest relative difference of a rate", f"{apart:.0e}"],
        ["largest difference of a touch's share", f"{credit:.0e}"],
    ]
    return markdown(["asked one by one", "found"], rows)


def over_flower(journeys: Journeys, nodes: int, environments: Path | None) -> str:
    """Return the table of a fit through Flower, beside the fit to all journeys."""
    model, units = load("additive_hazard"), np.unique(journeys.unit)
    shares = [
        journeys.take(np.flatnonzero(np.isin(journeys.unit, part))) for part in np.array_split(units, nodes)
    ]
    with TemporaryDirectory(prefix="hearthline-flower-") as passing:
        folder = Path(passing)
        python = flower(environments or folder / "environments")
        found = carried(python, shares, terms_of(journeys), folder)
    central = model.solve(model.gather(journeys))
    rates = [np.concatenate([f.mu, f.gamma.ravel()]) for f in (found, central)]
    apart = float(np.max(np.abs(rates[0] - rates[1]) / np.maximum(rates[1], 1e-300)))
    rows = [
        ["nodes", f"{nodes:,}"],
        ["homes, all nodes", f"{len(units):,}"],
        ["rates fitted", f"{len(rates[0]):,}"],
        ["rounds", f"{len(found.numbers):,}"],
        ["numbers that a node sends, all rounds", f"{sum(found.numbers):,}"],
        ["megabytes that a node sends, before Flower's own", f"{8e-6 * sum(found.numbers):,.1f}"],
        ["largest relative difference of a rate", f"{apart:.0e}"],
    ]
    return markdown(["through Flower", "found"], rows)


def private(journeys: Journeys, days: int, draws: int) -> str:
    """Return the table of what clipping and noise cost."""
    model, hours = load("additive_hazard"), 24.0 * days
    central = _shares(journeys, model.solve(model.gather(journeys)))
    usual = Privacy(epsilon=1.0, hours=hours / 2)  # a home's hours lie in several strata
    limits = (usual.conversions, usual.hours, usual.exposures_h)
    known = [HomeSums(model.gather(h)) for h in by_home(journeys)]
    rows = []
    for epsilon in BUDGETS:
        misses = []
        for seed in range(1 if np.isinf(epsilon) else draws):
            budget = replace(usual, epsilon=epsilon, seed=seed)
            fit = fitted_privately(Together(known, limits), terms_of(journeys), budget)
            misses.append(0.5 * float(np.abs(_shares(journeys, fit) - central).sum()))
        told = "clipped, no noise" if np.isinf(epsilon) else f"{epsilon:g}"
        rows.append([told, f"{median(misses):.3f}", f"{max(misses):.3f}"])
    return markdown([f"epsilon, {len(known):,} homes", "moved credit, median", "largest"], rows)


def _shares(journeys: Journeys, fit: object) -> Floats:
    """Return the shares of the channels and of the baseline in all orders."""
    won = int(journeys.converted.sum())
    share = load("additive_hazard").credit(journeys, fit)
    by_channel = np.bincount(journeys.channel, weights=share, minlength=journeys.channels)
    found: Floats = np.append(by_channel, won - by_channel.sum()) / won
    return found


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--homes", type=int, default=8000)
    flags.add_argument("--asked", type=int, default=200, help="homes asked one by one")
    flags.add_argument("--days", type=int, default=120)
    flags.add_argument("--draws", type=int, default=9, help="draws of the noise")
    flags.add_argument("--small", action="store_true", help="150 homes, 40 days, one draw")
    flags.add_argument(
        "--flower", action="store_true", help="60 homes, 40 days, at nodes of a Flower network"
    )
    flags.add_argument("--nodes", type=int, default=2, help="Flower's nodes")
    flags.add_argument("--environments", type=Path, help="where Flower's environment lies, or will lie")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the tables")
    given = flags.parse_args()
    homes, some, days, draws = given.homes, given.asked, given.days, given.draws
    if given.small or given.flower:
        homes, some, days, draws = min(homes, 60 if given.flower else 150), min(some, 15), min(days, 40), 1
    journeys = seen_in("additive", homes, days, SEED).process
    if given.flower:
        mark, text = (
            FLOWER_MARK,
            f"Additive world, {days} days, seed {SEED}; a SuperLink and SuperNodes on one machine.",
        )
        text += "\n\n" + over_flower(journeys, given.nodes, given.environments)
    else:
        mark, text = MARK, f"Additive world, {days} days, seed {SEED}, {draws} draws.\n\n"
        text += "\n\n".join(_tables(journeys, some, days, draws))
    print(text)
    if given.write:
        write_block(given.write, mark, text)


def _tables(journeys: Journeys, some: int, days: int, draws: int) -> list[str]:
    """Return the tables of homes in this process."""
    units = np.unique(journeys.unit)
    few = journeys.take(np.flatnonzero(np.isin(journeys.unit, units[:some])))
    quarter = journeys.take(np.flatnonzero(np.isin(journeys.unit, units[: len(units) // 4])))
    return [asked(few), private(quarter, days, draws), private(journeys, days, draws)]


if __name__ == "__main__":
    main()
