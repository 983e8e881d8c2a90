"""What a day, a late event and an erased household cost, beside gathering all journeys again.

    python benchmarks/incremental.py [--homes 2000] [--copies 50] [--days 120] [--small]
                                     [--write docs/benchmarks.md]

A simulated town's journeys are copied under other keys until there are homes enough. Statistics of the
additive hazard are brought up to date block by block, and checked to be those of a fresh start, to the bit.
"""

import argparse
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hearthline.attribution import Blocks, block_of, load
from hearthline.schema.journey import Ints, Journeys, concatenated
from published import markdown, write_block
from towns import seen_in

SEED = 301
MARK = "make incremental"
Town = tuple[Journeys, Ints]


def copied(journeys: Journeys, end_ms: Ints, copies: int) -> Town:
    """Return the journeys so many times, each time of other homes."""
    _, own = np.unique(journeys.unit, return_inverse=True)
    step = int(own.max()) + 1
    parts = [replace(journeys, unit=own.astype(np.int64) + i * step) for i in range(copies)]
    return concatenated(parts), np.tile(end_ms, copies)


def day_before(town: Town) -> Town:
    """Return the town as it was a day earlier, as far as journeys ended; open ones a day shorter."""
    journeys, end_ms = town
    there = np.flatnonzero(~journeys.converted | (end_ms < end_ms.max() - 86_400_000))
    before = journeys.take(there)
    span = np.where(before.converted, before.span_h, np.maximum(before.span_h - 24.0, 0.0))
    return replace(before, span_h=span), end_ms[there]


def changes_of(town: Town) -> dict[str, tuple[Town, Town]]:
    """Return what the homes were before and after each change."""
    journeys, end_ms = town
    late = int(np.flatnonzero(journeys.converted & (journeys.lengths > 0))[0])
    gap = journeys.gap_h.copy()
    gap[journeys.offsets[late]] += 1.0
    stay = np.flatnonzero(journeys.unit != journeys.unit[0])
    return {
        "a new day": (day_before(town), town),
        "a late event": (town, (replace(journeys, gap_h=gap), end_ms)),
        "an erased household": (town, (journeys.take(stay), end_ms[stay])),
    }


def measured(town: Town) -> str:
    """Return the table."""
    model, rows = load("additive_hazard"), []
    for told, (before, after) in changes_of(town).items():
        whole = _cpu_s(lambda now=after: model.gather(now[0]))[0]  # type: ignore[misc]
        blocks = Blocks(model)
        blocks.bring(before[0], block_of(*before))
        cost, anew = _cpu_s(lambda b=blocks, now=after: b.bring(now[0], block_of(*now)))  # type: ignore[misc]
        merging = _cpu_s(blocks.total)[0]
        fresh = Blocks(model)
        fresh.bring(after[0], block_of(*after))
        same = pickle.dumps(fresh.total()) == pickle.dumps(blocks.total())
        rows.append(
            [
                told,
                f"{anew:,} of {len(blocks.held):,}",
                f"{cost / whole:.2f}",
                f"{merging / whole:.2f}",
                "yes" if same else "NO",
            ]
        )
    heads = ["change", "blocks gathered anew", "CPU over gathering all", "merging over gathering all", "same"]
    return markdown(heads, rows)


def _cpu_s(done: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.process_time()
    found = done()
    return time.process_time() - begin, found


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--homes", type=int, default=2000)
    flags.add_argument("--copies", type=int, default=50)
    flags.add_argument("--days", type=int, default=120)
    flags.add_argument("--small", action="store_true", help="100 homes, 30 days, two copies")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the table")
    given = flags.parse_args()
    homes, copies, days = given.homes, given.copies, given.days
    if given.small:
        homes, copies, days = min(homes, 100), 2, min(days, 30)
    seen = seen_in("additive", homes, days, SEED)
    town = copied(seen.orders, seen.order_end_ms, copies)
    about = (
        f"{len(np.unique(town[0].unit)):,} homes, {town[0].n:,} journeys, {len(town[0].channel):,} touches."
    )
    text = f"{about}\n\n{measured(town)}"
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


if __name__ == "__main__":
    main()
