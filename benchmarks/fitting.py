"""Time and memory of fitting the additive hazard to the journeys of up to a million homes.

    python benchmarks/fitting.py [--homes 100000,1000000] [--small] [--write docs/benchmarks.md]

Journeys to orders of a simulated town of 2,000 homes over 120 days, as a process, are given to other homes
again and again; each time, a part of the touches is of other channels, until there are twenty. They are
gathered in parts of 50,000 homes, as a run does, merged, and fitted; each size in a process of its own.
"""

import argparse
import json
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy import sparse

from cost import Clock, in_own_process
from hearthline.attribution import load
from hearthline.schema.journey import Journeys, concatenated
from published import markdown, write_block
from towns import seen_in

CHANNELS, SEED, OWN, PART = 20, 301, 2_000, 50_000
MARK = "make bench-fitting"


def widened(journeys: Journeys, seed: int) -> Journeys:
    """Return the journeys with each touch on its channel, or on one of those that stand beside it."""
    dice, channels = np.random.default_rng(seed), journeys.channels
    beside = journeys.channel + channels * dice.integers(0, -(-CHANNELS // channels), len(journeys.channel))
    channel = np.where(beside < CHANNELS, beside, journeys.channel)
    expired = sparse.csr_array(journeys.expired)
    wide = sparse.csr_array((expired.data, expired.indices, expired.indptr), shape=(journeys.n, CHANNELS))
    lookback = np.full(CHANNELS, journeys.lookback_h[0])
    return replace(
        journeys, channel=channel, expired=wide, lookback_h=lookback, direct=np.zeros(CHANNELS, bool)
    )


def parts_of(own: Journeys, homes: int) -> Iterator[Journeys]:
    """Yield the journeys of so many homes, some at a time."""
    _, at = np.unique(own.unit, return_inverse=True)
    size = int(at.max()) + 1
    for first in range(0, homes, PART):
        firsts = range(first, min(first + PART, homes), size)
        copies = [replace(widened(own, begin), unit=at.astype(np.int64) + begin) for begin in firsts]
        yield concatenated(copies)


def fitted(own: Journeys, homes: int) -> dict[str, Any]:
    """Return what the fit to so many homes cost."""
    model, clock, sums = load("additive_hazard"), Clock(), None
    seen: dict[str, float] = {"homes": 0, "journeys": 0, "touches": 0}
    clock.lap("making journeys")
    for part in parts_of(own, homes):
        seen = {
            "homes": seen["homes"] + len(np.unique(part.unit)),
            "journeys": seen["journeys"] + part.n,
            "touches": seen["touches"] + len(part.channel) + int(part.expired.sum()),
        }
        clock.lap("gathering and merging")
        gathered = model.gather(part)
        sums = gathered if sums is None else model.merge(sums, gathered)
        clock.lap("making journeys")
    clock.lap("fitting")
    model.solve(sums)
    told = clock.told()
    return told | seen


def page_of(found: list[dict[str, Any]]) -> str:
    """Return the table."""
    heads = [
        "homes",
        "journeys",
        "touches",
        "gathering, CPU s",
        "fitting, CPU s",
        "both, min",
        "us a journey",
        "peak MB",
    ]
    rows = []
    for one in found:
        (gather_wall, gather), (fit_wall, fit) = (
            one["stages"][s] for s in ("gathering and merging", "fitting")
        )
        counts = [f"{one[k]:,.0f}" for k in ("homes", "journeys", "touches")]
        whole = (gather + fit) / one["journeys"] * 1e6
        spent = [f"{gather:.1f}", f"{fit:.1f}", f"{(gather_wall + fit_wall) / 60:.1f}", f"{whole:.1f}"]
        rows.append([*counts, *spent, f"{one['peak_mb']:,.0f}"])
    first, last = found[0], found[-1]
    return markdown(heads, rows) + (
        f"\n\n{CHANNELS} channels, 120 days. Goal: a million homes in minutes on two cores, within 4,096 MB; "
        f"from the first row to the last homes grow {last['homes'] / first['homes']:.0f} times."
    )


def main() -> None:
    """Measure, print, and write where it is asked for."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--homes", default="100000,1000000")
    flags.add_argument("--small", action="store_true", help="4,000 homes")
    flags.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the table")
    given = flags.parse_args()
    if given.one:
        own = pickle.loads(Path(given.one[0]).read_bytes())
        print(json.dumps(fitted(own, int(given.one[1]))))
        return
    sizes = ["4000"] if given.small else given.homes.split(",")
    with TemporaryDirectory(prefix="hearthline-fitting-") as folder:
        kept = Path(folder) / "journeys"
        kept.write_bytes(pickle.dumps(seen_in("additive", OWN, 120, SEED).process))
        text = page_of([in_own_process(Path(__file__), ["--one", str(kept), size]) for size in sizes])
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


if __name__ == "__main__":
    main()
