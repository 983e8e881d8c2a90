"""How near a fit could come to what made homes enrol, if it knew all but how much each channel does.

    python benchmarks/knowable.py [--homes 8000,32000] [--days 120] [--seeds 101,102,103] [--small]
                                  [--write docs/how-true.md]

Not a model: it is told every home's true liking, the appliances it owns, whom every touch met and how touches
fade, and that rates add up, as they do in these worlds. Only the lifts are left to find, from the town's
enrolments. What it misses by is chance: no model that must find out the rest as well can be expected nearer.
Prints Markdown: the median over seeds with the range. Seeds 1 to 9 are for tuning and refused here.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from hearthline.schema.journey import Floats
from hearthline.sim import load
from hearthline.sim.draws import BLOCK
from hearthline.sim.life import block_of, live
from hearthline.sim.worlds._additive import Additive
from published import markdown, write_block
from truth import TUNING_SEEDS

MARK = "make knowable"
WORLDS = ("additive", "confounded")
STEPS = 4_000


@dataclass(frozen=True)
class Watched:
    """A block of homes, day by day, before they enrol.

    Attributes:
        seen: (enrolments, 1 + channels) what acted at each: base times urge, and faded touches by channel.
        exposure: (1 + channels,) sums of the same over all homes and days.
    """

    seen: Floats
    exposure: Floats


@dataclass(frozen=True)
class Grade:
    """One town: its enrolments, and how far the fit's shares and total lie from what caused them."""

    enrolments: int
    error: float
    credited: float


def main() -> None:
    """Print the table, or write it into its block."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--homes", default="8000,32000", help="homes of a town, comma-separated")
    flags.add_argument("--days", type=int, default=120)
    flags.add_argument("--seeds", default="101,102,103", help="never those used in tuning")
    flags.add_argument("--small", action="store_true", help="1,000 homes, one seed")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the table")
    given = flags.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    if set(seeds) & set(TUNING_SEEDS):
        sys.exit(f"--seeds: {given.seeds} has seeds used in tuning (1 to 9); choose others, such as 101")
    sizes = [int(homes) for homes in given.homes.split(",")]
    if given.small:
        sizes, seeds = [1000], seeds[:1]
    rows = [_row(world, homes, given.days, seeds) for world in WORLDS for homes in sizes]
    columns = ["world", "homes", "enrolments", "error, enrolments", "credited for each 1.00 caused"]
    about = f"{given.days} days, seeds {', '.join(map(str, seeds))}; median (least to largest seed)."
    text = f"{about}\n\n{markdown(columns, rows)}"
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


def _row(world: str, homes: int, days: int, seeds: list[int]) -> list[str]:
    grades = [grade(world, homes, days, seed) for seed in seeds]
    enrolments = int(median(g.enrolments for g in grades))
    told = [_said([g.error for g in grades]), _said([g.credited for g in grades])]
    return [world, f"{homes:,}", f"{enrolments:,}", *told]


def grade(world: str, homes: int, days: int, seed: int) -> Grade:
    """Return how near the fit of one town comes."""
    form = load(world)
    if not isinstance(form, Additive):
        raise TypeError(
            f"knowable: rates of world {world!r} do not add up; choose one of {', '.join(WORLDS)}"
        )
    blocks = list(watched(form, homes, days, seed))
    seen = np.concatenate([block.seen for block in blocks])
    exposure = np.sum([block.exposure for block in blocks], axis=0)
    truly = np.concatenate([[1.0], form.enrol_lift.astype(np.float64)])
    caused, found = credit(seen, truly), credit(seen, fitted(seen, exposure))
    error = np.abs(found / found.sum() - caused / caused.sum()).sum() / 2.0
    return Grade(len(seen), float(error), float(found.sum() / caused.sum()))


def watched(form: Additive, homes: int, days: int, seed: int) -> Iterator[Watched]:
    """Yield the homes of a town, block by block."""
    for number in range(-(-homes // BLOCK)):
        block = block_of(seed, number, min(BLOCK, homes - number * BLOCK), days)
        liking = np.exp(0.35 * block.homes.affinity - 0.06)
        urge = liking * np.where(block.homes.owns["appliance"], 1.0, 0.6)
        nothing = form.blank(block.homes.n)
        base = form.enrol_rate(urge.astype(np.float32), nothing)
        memory, holds = nothing, np.zeros(block.homes.n, np.bool_)
        seen, exposure = [], np.zeros(1 + len(form.enrol_lift))
        for day in live(block, form):
            sooner = form.remember(memory, day.touches & (block.hour[day.day] < block.enrol_hour[day.day]))
            memory = form.remember(memory, day.touches)
            acts = np.vstack([base, sooner]).astype(np.float64)
            exposure += acts[:, ~holds].sum(axis=1)
            seen.append(acts[:, day.enrolled > 0].T)
            holds = (day.kind > 0) & ~day.ended
        yield Watched(np.concatenate(seen), exposure)


def fitted(seen: Floats, exposure: Floats) -> Floats:
    """Return the rates of maximum likelihood, none below 0, by expectation-maximisation."""
    met = exposure > 0.0
    rate = np.where(met, len(seen) / len(exposure) / np.maximum(exposure, 1e-9), 0.0)
    for _ in range(STEPS):
        rate[met] *= ((seen / (seen @ rate)[:, None]).sum(axis=0) / np.maximum(exposure, 1e-9))[met]
    return rate


def credit(seen: Floats, rate: Floats) -> Floats:
    """Return (channels,) enrolments that are each channel's at these rates, the base left out."""
    acts = seen * rate
    shares: Floats = (acts / acts.sum(axis=1, keepdims=True)).sum(axis=0)[1:]
    return shares


def _said(values: list[float]) -> str:
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
