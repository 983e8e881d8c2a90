"""How often the 90 % intervals hold the repeated-sampling value.

    python benchmarks/coverage_of_intervals.py [--samples 200] [--world additive] [--models linear,markov]
                                               [--strangers 0.25] [--small] [--keep FILE]
                                               [--write docs/benchmarks.md]

Samples of one town, each with other homes and other luck under the same weather, go through the whole
pipeline core. The repeated-sampling value of a channel's share (all kinds of order) is the mean of the
point estimates over all samples: what the model says on average, whether or not that is true. Coverage
is the part of the samples whose interval holds it; 90 % is promised, 87 to 93 % is the goal.

With `--strangers` some devices are those of homes that are not in view (`strangers.py`), on which people of
the town signed in now and then. Then the value to be held is the mean of the point estimates of the same
samples without these devices: what the model says where it is known who is who. Intervals are told with and
without the doubt.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from published import markdown, write_block
from strangers import with_strangers

SEED = 1001
APART = 2048
"""From one sample's first home to the next one's: a block of the simulator."""
MARK = "make coverage-of-intervals"
Rows = list[tuple[str, str, float, float, float]]
"""Model, channel, share and its two ends."""


@dataclass(frozen=True)
class Sample:
    """One simulated sample and how it is attributed."""

    world: str
    homes: range
    days: int
    replicates: int
    models: tuple[str, ...]
    doubt: bool = True
    known: int = 0
    seen: bool = True

    @property
    def point(self) -> "Sample":
        """The same sample without its strangers, and with few replicates: only its shares are asked for."""
        return replace(self, seen=False, replicates=2, doubt=False)


def shares_of(sample: Sample) -> tuple[Rows, float]:
    """Return all shares of one sample with their ends, and the CPU seconds that crediting took."""
    from hearthline import sim
    from hearthline.pipeline.core import build_core, silent
    from hearthline.pipeline.credit import credit
    from hearthline.schema.settings import AttributionSettings, Settings
    from hearthline.store.duckdb import DuckEngine
    from hearthline.store.lake import Lake

    kept: list[pa.Table] = []

    def keep(table: str, rows: pa.Table) -> None:
        if table == "shares":
            kept.append(rows)

    # The seed of the bootstrap is another one for each sample, as it would be for other homes.
    chosen = AttributionSettings(
        models=list(sample.models),
        default=next(iter(sample.models), AttributionSettings().default),
        replicates=sample.replicates,
        seed=1 + sample.homes.start // APART,
        identity_doubt=sample.doubt,
    )
    with TemporaryDirectory(prefix="hearthline-coverage-") as folder:
        raw, lake = Path(folder) / "raw", Lake(Path(folder) / "lake")
        sim.write_lake(sample.world, sample.homes, sample.days, SEED, raw, telemetry=0.0)
        if sample.known:
            with_strangers(raw, sample.known, SEED, seen=sample.seen)
        with lake.batch(datetime(2026, 6, 1, tzinfo=UTC)) as batch:
            batch.adopt(raw / "events-*.parquet", raw / "identities-*.parquet")
        engine = DuckEngine("1GB", threads=1)
        core = build_core(engine, lake, Settings(attribution=chosen))
        begun = time.process_time()
        credit(core, keep, silent)
        took = time.process_time() - begun
        engine.close()
    rows = pa.concat_tables(kept)
    rows = rows.filter(pc.equal(rows["kind"], "all"))
    columns = [rows[c].to_pylist() for c in ("model", "channel", "share", "share_low", "share_high")]
    return list(zip(*columns, strict=True)), took


def coverage_of(
    samples: Sequence[Rows], known: Sequence[Rows] = ()
) -> dict[str, dict[str, dict[str, float]]]:
    """Return, by model and channel: coverage, misses on either side, and how wide the intervals are.

    The value to be held is the mean of the point estimates of `known`, or of the samples themselves.
    `spread` is the standard deviation of the point over samples, `claimed` what the mean width of the
    intervals says it is.
    """
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    said: dict[tuple[str, str], list[float]] = {}
    for rows in known:
        for model, channel, point, *_ in rows:
            said.setdefault((model, channel), []).append(point)
    for rows in samples:
        for model, channel, *ends in rows:
            found.setdefault((model, channel), []).append((ends[0], ends[1], ends[2]))
    out: dict[str, dict[str, dict[str, float]]] = {}
    for (model, channel), values in found.items():
        out.setdefault(model, {})[channel] = _measured(np.array(values), said.get((model, channel)))
    return out


def _measured(values: NDArray[np.float64], known: list[float] | None) -> dict[str, float]:
    point, low, high = values.T
    middle = float(point.mean() if known is None else np.mean(known))
    below, above = float((high < middle).mean()), float((low > middle).mean())
    return {
        "samples": len(values),
        "mean": middle,
        "cover": 1.0 - below - above,
        "too_low": below,
        "too_high": above,
        "spread": float(point.std()),
        "claimed": float((high - low).mean() / (2 * 1.645)),
    }


def table_of(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the table by model."""
    heads = [
        "model",
        "coverage",
        "channels, least to largest",
        "interval too low",
        "too high",
        "width claimed over true",
    ]
    rows = []
    for model, channels in sorted(found.items()):
        moving = [c for c in channels.values() if c["spread"] > 0.0]
        if not moving:
            rows.append([model, *["always the same"] * 5])
            continue
        cover, low, high = ([c[k] for c in moving] for k in ("cover", "too_low", "too_high"))
        width = [c["claimed"] / c["spread"] for c in moving]
        rows.append(
            [
                model,
                f"{np.mean(cover):.1%}",
                f"{min(cover):.1%} to {max(cover):.1%}",
                f"{np.mean(low):.1%}",
                f"{np.mean(high):.1%}",
                f"{np.mean(width):.2f}",
            ]
        )
    return markdown(heads, rows)


def _run(todo: Sequence[Sample], processes: int) -> tuple[list[Rows], list[float]]:
    """Return the shares of all samples, in their order, and the CPU seconds of each."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process is one core's
    done: list[tuple[Rows, float]] = []
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for told in pool.map(shares_of, todo, chunksize=1):
            done.append(told)
            if len(done) % 10 == 0:
                print(f"{len(done)} of {len(todo)}", file=sys.stderr)
    return [rows for rows, _ in done], [took for _, took in done]


def strange(
    todo: Sequence[Sample], processes: int
) -> tuple[dict[str, dict[str, dict[str, dict[str, float]]]], float]:
    """Return coverage of what models say where it is known who is who, without and with doubt; and its cost.

    The cost is the ratio of the CPU seconds that crediting takes.
    """
    every = [one for s in todo for one in (s.point, replace(s, doubt=False), s)]
    done, took = _run(every, processes)
    known, without, within = (done[i::3] for i in range(3))
    found = {"without the doubt": coverage_of(without, known), "with the doubt": coverage_of(within, known)}
    return found, sum(took[2::3]) / sum(took[1::3])


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--samples", type=int, default=200)
    flags.add_argument("--homes", type=int, default=1500)
    flags.add_argument("--days", type=int, default=90)
    flags.add_argument("--replicates", type=int, default=100)
    flags.add_argument("--world", default="additive")
    flags.add_argument("--models", default="", help="names with commas between; default: all")
    flags.add_argument("--strangers", type=float, default=0.0, help="homes not in view, for each that is")
    flags.add_argument("--processes", type=int, default=2)
    flags.add_argument("--small", action="store_true", help="six samples of 300 homes: does it run?")
    flags.add_argument("--keep", type=Path, help="write coverage by model and channel as JSON")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the table")
    given = flags.parse_args()
    samples, homes = (6, 300) if given.small else (given.samples, given.homes)
    models = tuple(m for m in given.models.split(",") if m)
    more = round(homes * given.strangers)
    todo = [
        Sample(
            given.world,
            range(i, i + homes + more),
            given.days,
            given.replicates,
            models,
            known=homes if more else 0,
        )
        for i in range(0, samples * APART, APART)
    ]
    about = (
        f"{samples} samples of {homes:,} homes of one town, the same {given.days} days, {given.world} world, "
        f"{given.replicates} replicates; promised 90 %."
    )
    found: Any
    if more:
        found, cost = strange(todo, given.processes)
        tables = [f"Intervals {which}:\n\n{table_of(told)}" for which, told in found.items()]
        about += f" Beside them {more:,} homes that are not in view. Crediting takes {cost:.1f} times the CPU"
        text = "\n\n".join([f"{about} seconds with the doubt.", *tables])
    else:
        found = coverage_of(_run(todo, given.processes)[0])
        text = f"{about}\n\n{table_of(found)}"
    if given.keep:
        given.keep.write_text(json.dumps(found, indent=1))
    print(text)
    if given.write:
        write_block(given.write, f"{MARK} strangers" if more else MARK, text)


if __name__ == "__main__":
    main()
