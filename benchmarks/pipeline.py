"""From raw events to credit, stage by stage, beside a bare scan of the same Parquet.

    python benchmarks/pipeline.py [--sizes 1,10,50] [--rounds 3] [--small] [--write docs/benchmarks.md]

Sizes are millions of raw events of a simulated town over 90 days, kept in ./bench-data. Every measurement
is a process of its own; scans and runs alternate, medians are printed (of 20 million or more: one run).
CPU seconds are those of all threads; peak memory is that of the whole process.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from cost import Clock, in_own_process
from published import markdown, write_block

DAYS, SEED, TELEMETRY = 90, 11, 1.0
_TICK = 0.01  # seconds of CPU that a clock can tell: a scan of a small town may take none
EVENTS_A_HOME = 161
LARGE = 20
"""Millions of events from which one run has to do."""
RULES = ("first_touch", "last_touch", "linear", "time_decay", "u_shaped")
MARK = "make bench-pipeline"

DUPLICATES, IDENTITY = "duplicates", "identity"
ORDERS, TIMELINES, MAP = "orders and lineage", "touches and timelines", "steps of the journey map"
JOURNEYS, PATHS, STEPS, CREDIT = "journeys", "distinct paths", "transitions", "five rules by channel and day"
WORK = (DUPLICATES, ORDERS, TIMELINES, JOURNEYS, PATHS, STEPS, CREDIT)
"""The stages that the design's prototype had too; it was given households, and had no lineage."""
REST = {
    "fitting models": "all models' fits",
    "crediting orders": "all models' credit",
    "drawing intervals": "intervals",
    "writing the answer": "writing the answer",
}
_MADE = {"shop events", "order versions", "refunds", "enrolments", "homed enrolments", "lineage"}
_MADE |= {"priced orders", "orders", "stock", "segments"}


def stage_of(said: str) -> str:
    """Return the stage of this table that the pipeline's own word for what it does belongs to."""
    if said in REST:
        return REST[said]
    table = said.removeprefix("making ")
    named = {"removing duplicates": DUPLICATES, "finding homes and devices": IDENTITY, "home steps": MAP}
    return named.get(table, ORDERS if table in _MADE else TIMELINES)


# --- what each process measures -------------------------------------------------------------------


def simulate(folder: Path, homes: int) -> None:
    """Write the raw events of a town, once."""
    from hearthline import sim

    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        rows = sim.write_lake("additive", homes, DAYS, SEED, folder, telemetry=TELEMETRY)
        (folder / "done").write_text(str(rows))


def append(folder: Path) -> dict[str, Any]:
    """Append the raw events to the lake of a new home: keys and contexts are made here, once."""
    import hearthline as hl
    from hearthline.store.lake import Lake

    clock, home = Clock(), hl.init(folder / "home")
    with clock.during("append"), Lake(home.path / "lake").batch(datetime(2026, 6, 1, tzinfo=UTC)) as batch:
        batch.adopt(folder / "raw" / "events-*.parquet", folder / "raw" / "identities-*.parquet")
    return clock.told()


def scan(folder: Path, memory: str) -> dict[str, Any]:
    """Read every column of the lake's events and count it: the least that anyone can do."""
    from hearthline.store.duckdb import DuckEngine
    from hearthline.store.lake import SCHEMAS, Lake

    engine = DuckEngine(memory)
    engine.scan("raw_events", Lake(folder / "home" / "lake").files("events"), SCHEMAS["events"])
    clock = Clock()
    with clock.during("scan"):
        engine.table("SELECT count(COLUMNS(*)) FROM raw_events")
    return clock.told()


def work(folder: Path, memory: str) -> dict[str, Any]:
    """Run the core, then what the prototype did: journeys, paths, transitions, five rules."""
    from hearthline import attribution
    from hearthline.pipeline.core import build_core
    from hearthline.pipeline.credit.batches import batches
    from hearthline.pipeline.credit.ledger import Ledger
    from hearthline.pipeline.credit.orders import open_book
    from hearthline.pipeline.credit.paths import Paths
    from hearthline.schema.settings import Settings
    from hearthline.store.duckdb import DuckEngine
    from hearthline.store.lake import Lake

    clock, markov, ledger = Clock(), attribution.load("markov"), Ledger()
    with TemporaryDirectory(dir=folder) as spill:
        engine = DuckEngine(memory, spill=Path(spill))
        lake = Lake(folder / "home" / "lake")
        core = build_core(engine, lake, Settings(), lambda said: clock.lap(stage_of(said)))
        clock.lap(JOURNEYS)
        book, steps, paths = open_book(engine), None, Paths(core)
        for batch in batches(core, book, reaching=False):
            clock.lap(STEPS)
            owed = batch.apart.orders
            part = markov.gather(owed.journeys)
            steps = part if steps is None else markov.merge(steps, part)
            clock.lap(PATHS)
            paths.take(owed)
            clock.lap(CREDIT)
            for rule in map(attribution.load, RULES):
                ledger.credit(rule.name, "person", owed, rule.credit(owed.journeys, None))
            clock.lap(JOURNEYS)
        clock.lap(PATHS)
        paths.tables()
        clock.lap(CREDIT)
        ledger.credits(core.layout.channel)
        clock.lap(None)
        engine.close()
    return clock.told()


def answer(folder: Path, memory: str) -> dict[str, Any]:
    """Make and publish the whole answer."""
    import hearthline as hl

    home, clock = hl.open_home(folder / "home"), Clock()
    (home.path / "hearthline.toml").write_text(f'[engine]\nmemory = "{memory}"\n')
    home.run(progress=lambda said: clock.lap(stage_of(said)))
    return clock.told()


# --- the table ------------------------------------------------------------------------------------


def measured(folder: Path, size: float, rounds: int, memory: str) -> dict[str, Any]:
    """Return the medians of one size: `append`, `scan`, `work`, `answer`."""
    homes = max(round(size * 1e6 / EVENTS_A_HOME), 50)
    here = folder / f"{size:g}m"
    here.mkdir(parents=True, exist_ok=True)

    def told(what: str) -> dict[str, Any]:
        print(f"{size:g} million events, {memory}: {what}", file=sys.stderr)
        return in_own_process(Path(__file__), ["--one", what, str(here), str(homes), memory])

    kept = here / "append.json"
    if not kept.exists():
        told("simulate")
        shutil.rmtree(here / "home", ignore_errors=True)
        kept.write_text(json.dumps(told("append")))
    runs: dict[str, list[dict[str, Any]]] = {"scan": [], "work": []}
    for _ in range(rounds):
        for what, some in runs.items():
            some.append(told(what))
    found = {what: middle(some) for what, some in runs.items()}
    events = int((here / "raw" / "done").read_text())
    return {"events": events, "append": json.loads(kept.read_text()), **found, "answer": told("answer")}


def middle(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of some runs, stage by stage."""
    stages = {s: [median(r["stages"][s][i] for r in runs) for i in (0, 1)] for s in runs[0]["stages"]}
    return {"stages": stages, **{k: median(r[k] for r in runs) for k in ("wall_s", "cpu_s", "peak_mb")}}


def page_of(found: dict[str, dict[str, Any]], tight: tuple[str, dict[str, Any]] | None) -> str:
    """Return the tables as Markdown."""
    heads = ["", *(f"{name} million" for name in found)]
    parts = [markdown(["CPU s (wall s)", *heads[1:]], _stage_rows(list(found.values())))]
    parts.append(markdown(heads, _summary_rows(list(found.values()))))
    if tight is not None:
        name, run = tight
        parts.append(
            f"With 1 GB for the engine at {name} million: the same work takes {run['cpu_s']:.1f} CPU s "
            f"({run['wall_s']:.1f} s wall), peak memory of the process {run['peak_mb']:,.0f} MB."
        )
    return "\n\n".join(parts)


def _stage_rows(runs: Sequence[dict[str, Any]]) -> list[list[str]]:
    def cells(name: str, picked: Sequence[Sequence[float]]) -> list[str]:
        return [name, *(f"{cpu:.2f} ({wall:.2f})" for wall, cpu in picked)]

    def whole(run: dict[str, Any]) -> list[float]:
        return [run["wall_s"], run["cpu_s"]]

    rows = [cells("bare scan of all columns", [whole(r["scan"]) for r in runs])]
    rows += [cells("append (keys and contexts)", [whole(r["append"]) for r in runs])]
    rows += [cells(s, [r["work"]["stages"][s] for r in runs]) for s in (*WORK, IDENTITY, MAP)]
    rows += [cells(s, [r["answer"]["stages"][s] for r in runs]) for s in REST.values()]
    return [*rows, cells("the whole answer", [whole(r["answer"]) for r in runs])]


def _summary_rows(runs: Sequence[dict[str, Any]]) -> list[list[str]]:
    worked = [sum(r["work"]["stages"][s][1] for s in WORK) for r in runs]
    scans = [r["scan"]["cpu_s"] for r in runs]
    events = [r["events"] for r in runs]
    named = [w + r["work"]["stages"][IDENTITY][1] for w, r in zip(worked, runs, strict=True)]
    appended = [n + r["append"]["cpu_s"] for n, r in zip(named, runs, strict=True)]

    def row(name: str, values: Sequence[float], how: str) -> list[str]:
        return [name, *(format(v, how) for v in values)]

    def over(some: Sequence[float], scan: Sequence[float]) -> list[float]:
        return [a / max(b, _TICK) for a, b in zip(some, scan, strict=True)]

    return [
        row("raw events", events, ",.0f"),
        row("work of the prototype, CPU s", worked, ".2f"),
        row("... over the bare scan", over(worked, scans), ".1f"),
        row("... with finding households", over(named, scans), ".1f"),
        row("... and with append", over(appended, scans), ".1f"),
        row("events a second a core", over(events, worked), ",.0f"),
        row("CPU s a million events", [w / e * 1e6 for w, e in zip(worked, events, strict=True)], ".2f"),
        row("peak MB of the bare scan", [r["scan"]["peak_mb"] for r in runs], ",.0f"),
        row("peak MB of append", [r["append"]["peak_mb"] for r in runs], ",.0f"),
        row("peak MB of the work", [r["work"]["peak_mb"] for r in runs], ",.0f"),
        row("peak MB of the whole answer", [r["answer"]["peak_mb"] for r in runs], ",.0f"),
    ]


def one(what: str, folder: Path, homes: int, memory: str) -> None:
    """Measure one thing in this process, print it as JSON."""
    if what == "simulate":
        simulate(folder / "raw", homes)
        print("{}")
    elif what == "append":
        print(json.dumps(append(folder)))
    else:
        print(json.dumps({"scan": scan, "work": work, "answer": answer}[what](folder, memory)))


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--sizes", default="1,10", help="millions of raw events")
    flags.add_argument("--rounds", type=int, default=3, help="how often scan and work run, in turn")
    flags.add_argument("--memory", default="4GB", help="the engine's memory limit")
    flags.add_argument("--tight", action="store_true", help="also the largest size with 1 GB")
    flags.add_argument("--data", type=Path, default=Path("bench-data"), help="where towns and lakes are kept")
    flags.add_argument("--small", action="store_true", help="10,000 events, one round: does it run?")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the tables")
    flags.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    given = flags.parse_args()
    if given.one:
        what, folder, homes, memory = given.one
        one(what, Path(folder), int(homes), memory)
        return
    sizes = [0.01] if given.small else [float(s) for s in given.sizes.split(",")]
    rounds = 1 if given.small else given.rounds
    found = {
        f"{size:g}": measured(given.data, size, rounds if size < LARGE else 1, given.memory) for size in sizes
    }
    tight = None
    if given.tight:
        here = [f"{given.data}/{sizes[-1]:g}m", "0", "1GB"]
        tight = (f"{sizes[-1]:g}", in_own_process(Path(__file__), ["--one", "work", *here]))
    about = f"Medians of {rounds} rounds (one from {LARGE} million on), {given.memory} for the engine."
    text = f"{about}\n\n{page_of(found, tight)}"
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


if __name__ == "__main__":
    main()
