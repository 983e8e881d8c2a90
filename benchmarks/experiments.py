"""How far experiments can be trusted, and how much nearer the truth models are after one.

    python benchmarks/experiments.py [--homes 5000] [--days 120] [--seeds 301,302,303] [--lots 100]
                                     [--small] [--write docs/experiments.md]
    python benchmarks/experiments.py --prior [--homes 2000] [--seeds 1,2]

Intervals: a town is lived twice, with a channel on and off everywhere from a day on; then lots are drawn,
hundreds of them, and each household shows the outcome of its arm. So the true effect is known, and for a
channel without any effect every alarm is a false one. Calibration: three of nine channels are tested in a
town, models learn from the lifts, and their error is measured before and after against the town lived
again with each channel off, and with lifts without noise, which is the most that these three can teach.
Seeds 1 to 9 are for tuning and refused here, but for `--prior`, which prints how far models are wrong there.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from prior import Wrong, prior_table
from published import markdown, write_block

if TYPE_CHECKING:
    from hearthline.pipeline.experiments.believing import Lifted

TUNING_SEEDS = range(1, 10)
WORLDS = ("additive", "multiplicative", "confounded", "mediated")
LOOKED_AT = ("additive", "multiplicative")
"""Where intervals are looked at: the other two worlds differ in who meets what, and lots do not mind."""
_SETTINGS = "[attribution]\nreplicates = 30\nidentity_doubt = false\n"
MARK = "make bench-experiments"
FIRST_DAY = 30
TESTED = ("search-ads", "smart-tv", "appliance")
"""A search, what leads to searches, and a machine's proposal."""
DAY0 = date(2026, 1, 5)
LARGE = 40_000
KINDS = ("person", "automated")


@dataclass(frozen=True)
class Town:
    """One simulated town."""

    world: str
    homes: int
    days: int
    seed: int
    lots: int
    large: int


def looked(town: Town) -> dict[str, float]:
    """Return how often intervals held over the lots of one town."""
    from hearthline import sim
    from hearthline.experiments import difference, off_by_lot

    flags = np.ones(len(sim.CHANNEL_NAMES), dtype=np.bool_)
    without = flags.copy()
    without[sim.CHANNEL_NAMES.index("smart-tv")] = False
    shape = (town.world, town.homes, town.days, town.seed)
    on = sim.takings(*shape).sum(axis=0) / 100.0
    off = sim.takings(*shape, lambda day: without if day >= FIRST_DAY else flags).sum(axis=0) / 100.0
    before, units = on[:FIRST_DAY].sum(axis=0), np.arange(town.homes)
    lived = [x[FIRST_DAY:].cumsum(axis=0) for x in (on, off)]
    effect = (lived[0] - lived[1]).mean(axis=1)
    counts = dict.fromkeys(("once", "always", "false once", "false daily", "false always"), 0)
    for number in range(town.lots):
        arm = off_by_lot(units, f"{town.world} {town.seed} {number}")
        null = difference(lived[0][-1], arm, before).error ** 2
        seen = [
            difference(np.where(arm, b, a), arm, before, planned=null) for a, b in zip(*lived, strict=True)
        ]
        nothing = [difference(a, arm, before, planned=null) for a in lived[0]]
        counts["once"] += seen[-1].low <= effect[-1] <= seen[-1].high
        counts["always"] += all(s.always_low <= e <= s.always_high for s, e in zip(seen, effect, strict=True))
        counts["false once"] += not nothing[-1].low <= 0.0 <= nothing[-1].high
        counts["false daily"] += any(not n.low <= 0.0 <= n.high for n in nothing)
        counts["false always"] += any(not n.always_low <= 0.0 <= n.always_high for n in nothing)
    print(f"done: intervals, {town.world} world, seed {town.seed}", file=sys.stderr)
    return {name: count / town.lots for name, count in counts.items()}


def elsewhere(town: Town) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the lift a home (and its error) of an experiment in another, larger town of the same world."""
    from hearthline import sim
    from hearthline.experiments import difference

    trial = sim.Trial(TESTED, FIRST_DAY, town.seed + 500)
    parts = []
    for first in range(0, town.large, 2048):  # block by block: days of all homes at once would not fit
        n = min(2048, town.large - first)
        taken = sim.takings(
            town.world, range(first, first + n), town.days, trial.seed, trial.on(first // 2048, n)
        )
        arms = np.stack([trial.is_off(c, first // 2048, n) for c in TESTED])
        parts.append((taken[:, :FIRST_DAY].sum(axis=1), taken[:, FIRST_DAY:].sum(axis=1), arms))
    before, after, arms = (np.concatenate(column, axis=1) for column in zip(*parts, strict=True))
    found = {}
    for number, channel in enumerate(TESTED):
        for k, kind in enumerate(KINDS):
            seen = difference(after[k] / 100.0, arms[number], before[k] / 100.0)
            found[channel, kind] = (seen.each, seen.error)
    return found


def true_lifts(town: Town, trial: Any, since: int = FIRST_DAY) -> dict[tuple[str, str], float]:
    """Return what tested channels truly caused where they were on, during the experiment, by kind."""
    from hearthline import sim

    found = dict.fromkeys(((c, kind) for c in TESTED for kind in KINDS), 0.0)
    for first in range(0, town.homes, 2048):
        n = min(2048, town.homes - first)
        homes, on = range(first, first + n), trial.on(first // 2048, n)
        lived = sim.takings(town.world, homes, town.days, town.seed, on)
        for channel in TESTED:
            names = np.array(sim.CHANNEL_NAMES)[:, None]

            def without(day: int, name: str = channel, on: Any = on, names: Any = names) -> Any:
                return on(day) & ((names != name) | (day < since))

            lost = (lived - sim.takings(town.world, homes, town.days, town.seed, without)).sum(axis=1)
            met = ~trial.is_off(channel, first // 2048, n)
            for k, kind in enumerate(KINDS):
                found[channel, kind] += float(lost[k, met].sum()) / 100.0
    return found


@contextmanager
def lived(town: Town) -> Iterator[tuple[Any, Any, Any]]:
    """Yield what reads the answer of a town with its experiments, the home, and the trial."""
    import hearthline as hl
    from hearthline import sim
    from hearthline.pipeline.experiments import reader
    from hearthline.store.lake import Lake

    trial = sim.Trial(TESTED, FIRST_DAY, town.seed)
    with TemporaryDirectory(prefix="hearthline-bench-") as folder:
        home = hl.init(Path(folder) / "home")
        (home.path / "hearthline.toml").write_text(_SETTINGS)
        sim.write_lake(
            town.world, town.homes, town.days, town.seed, Path(folder) / "raw", telemetry=1.0, trial=trial
        )
        with Lake(home.path / "lake").batch(datetime(2026, 6, 1, tzinfo=UTC)) as batch:
            batch.adopt(Path(folder) / "raw/events-*.parquet", Path(folder) / "raw/identities-*.parquet")
        start, end = DAY0 + timedelta(days=FIRST_DAY), DAY0 + timedelta(days=town.days - 1)
        for file in sim.write_arms(trial, town.homes, folder):
            channel = file.stem.removeprefix("arms-")
            home.experiments.start(channel, channel, start, end, arms=file)
        home.run()
        answer = home.answer()
        try:
            yield reader(answer.table), home, trial
        finally:
            answer.close()


def learned_in(town: Town) -> list[dict[str, Any]]:
    """Return every model's error in one town: before, after its own experiment, after a larger one."""
    with lived(town) as (read, home, trial):
        rows = _errors(read, home, town, trial)
    print(f"done: calibration, {town.world} world, seed {town.seed}", file=sys.stderr)
    return rows


def wrong_in(town: Town) -> list[Wrong]:
    """Return what every model credits in one town beside what was true."""
    from hearthline import sim
    from hearthline.pipeline.experiments.believing import credit_of, displaced_of, leading

    with lived(town) as (read, _, trial):
        credits_, displaced = credit_of(read), displaced_of(read)
    known = sim.truth(town.world, town.homes, town.days, town.seed, shapley=False, trial=trial)
    caused = {(str(e.kind), e.channel): float(e.off_revenue) for e in known.effects}
    lead = leading(credits_, None)
    found = []
    for credit in credits_.values():
        hand, other = ([caused.get((k, c), 0.0) for c in credit.channels] for k in KINDS)
        added = np.stack([np.add(hand, displaced * np.array(other)), (1 - displaced) * np.array(other)])
        found.append(
            Wrong(credit.amount, credit.error, credit.stage, None if lead is None else lead.amount, added)
        )
    print(f"done: {town.world} world, seed {town.seed}", file=sys.stderr)
    return found


def _errors(read: Any, home: Any, town: Town, trial: Any) -> list[dict[str, Any]]:
    from hearthline import sim
    from hearthline.pipeline.experiments.measuring import measured
    from hearthline.pipeline.experiments.tables import all_lifts, learned

    known = sim.truth(town.world, town.homes, town.days, town.seed, shapley=False, trial=trial)
    caused = {e.channel: float(e.off_revenue) for e in known.effects if e.kind == "all"}
    book = home.experiments.book()
    own = all_lifts(book, [measured(read, planned) for planned in book.experiments])
    homes = {x.lift.channel: len(x.on) for x in own if x.on is not None}
    large = {key: (e * homes[key[0]], s * homes[key[0]]) for key, (e, s) in elsewhere(town).items()}
    true = {key: (amount, max(abs(amount), 1.0) / 1000.0) for key, amount in true_lifts(town, trial).items()}
    titles = {r["model"]: r["title"] for r in read("SELECT model, title FROM {models}").to_pylist()}
    found = []
    by_own, by_large, by_true = (learned(read, x) for x in (own, _instead(own, large), _instead(own, true)))
    for model, title in titles.items():
        if model not in by_own:
            continue
        count = len(by_own[model].credit.channels)
        truth = np.array([caused.get(c, 0.0) for c in by_own[model].credit.channels])
        row: dict[str, Any] = {"model": title, "world": town.world}
        said = {"before": by_own[model].before, "own": by_own[model].after}
        said |= {"large": by_large[model].after, "true": by_true[model].after}
        for name, belief in said.items():
            effect = belief.mean[:count] + belief.mean[count:]
            both = belief.covariance[:count, :count] + belief.covariance[count:, count:]
            cross = belief.covariance[:count, count:]
            wide = 1.6449 * np.sqrt(np.diag(both + cross + cross.T))
            row[name] = float(np.abs(effect - truth).sum() / truth.sum())
            kept = np.maximum(effect, 0.0)
            row[f"{name} share"] = float(0.5 * np.abs(kept / kept.sum() - truth / truth.sum()).sum())
            row[f"{name} held"] = float(np.mean(np.abs(effect - truth) <= wide))
        found.append(row)
    return found


def _instead(lifts: "Sequence[Lifted]", found: dict[tuple[str, str], tuple[float, float]]) -> "list[Lifted]":
    """Return the lifts with other amounts and errors, by channel and kind."""
    from dataclasses import replace

    told = [(x, *found[x.lift.channel, x.lift.kind]) for x in lifts]
    return [replace(x, lift=replace(x.lift, amount=amount, error=error)) for x, amount, error in told]


def intervals_table(found: dict[str, list[dict[str, float]]]) -> str:
    """Return how often intervals held, by world."""
    heads = [
        "world",
        "holds the effect, one look at the end",
        "holds it on all days at once",
        "false alarm, one look",
        "false alarm, plain interval, daily looks",
        "false alarm, any-day interval, daily looks",
    ]
    names = ("once", "always", "false once", "false daily", "false always")
    rows = [[w, *(f"{np.mean([t[n] for t in towns]):.1%}" for n in names)] for w, towns in found.items()]
    return markdown(heads, rows)


def errors_table(rows: Sequence[dict[str, Any]], world: str) -> str:
    """Return errors before and after by model, the best before first."""
    mine = [r for r in rows if r["world"] == world]
    names = dict.fromkeys(r["model"] for r in mine)

    def said(model: str, key: str) -> float:
        return float(median(r[key] for r in mine if r["model"] == model))

    table = []
    for model in sorted(names, key=lambda m: said(m, "before")):
        before, own, large, true = (said(model, key) for key in ("before", "own", "large", "true"))
        table.append(
            [
                model,
                f"{before:.2f}",
                f"{own:.2f} (x {own / before:.2f})",
                f"{large:.2f} (x {large / before:.2f})",
                f"{true:.2f} (x {true / before:.2f})",
                *(f"{said(model, f'{k} share'):.3f}" for k in ("before", "own", "large")),
                *(
                    f"{np.mean([r[f'{k} held'] for r in mine if r['model'] == model]):.0%}"
                    for k in ("own", "large")
                ),
            ]
        )
    heads = [
        "model",
        "error before",
        "after its own experiment",
        "after a large one elsewhere",
        "after lifts without noise",
        "error of shares before",
        "own",
        "large",
        "90 % intervals hold, own",
        "large",
    ]
    return markdown(heads, table)


def _about(town: Town, seeds: Sequence[int]) -> str:
    size = f"{town.homes:,} homes, {town.days} days, seeds {', '.join(map(str, seeds))}"
    tested = ", ".join(f"`{name}`" for name in TESTED)
    return (
        f"{size}, {town.lots} lots in each town; a channel is off in half of the homes from day {FIRST_DAY} "
        f"on. Tested, for calibration: {tested}; the larger experiment elsewhere has {town.large:,} homes. "
        "Bootstrap: 30 replicates, who is who as it was found.\n"
    )


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--homes", type=int, default=5000)
    flags.add_argument("--days", type=int, default=120)
    flags.add_argument(
        "--seeds", default="301,302,303", help="never those used in tuning; with --prior those alone"
    )
    flags.add_argument("--lots", type=int, default=100, help="lots drawn in each town, for the intervals")
    flags.add_argument(
        "--world", action="append", help="may be repeated; default: all (intervals: the first two)"
    )
    flags.add_argument("--large", type=int, default=LARGE, help="homes of the larger experiment elsewhere")
    flags.add_argument("--prior", action="store_true", help="how far models are wrong, on tuning seeds alone")
    flags.add_argument("--small", action="store_true", help="200 homes, 60 days, one seed, a few lots")
    flags.add_argument("--processes", type=int, default=2)
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the tables")
    given = flags.parse_args()
    seeds = [int(s) for s in given.seeds.split(",")]
    if given.prior and set(seeds) - set(TUNING_SEEDS):
        sys.exit(f"--seeds: --prior is for seeds used in tuning (1 to 9); got {given.seeds}")
    if not given.prior and set(seeds) & set(TUNING_SEEDS):
        sys.exit(f"--seeds: {given.seeds} has seeds used in tuning (1 to 9); choose others, such as 301")
    homes, days, lots, large = given.homes, given.days, given.lots, given.large
    if given.small:
        homes, days, lots, large, seeds = min(homes, 200), min(days, 60), min(lots, 4), 4096, seeds[:1]
    worlds = given.world or list(WORLDS)
    towns = [Town(w, homes, days, s, lots, large) for w in worlds for s in seeds]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process is one core's
    crowd = [t for t in towns if t.world in (given.world or LOOKED_AT)]
    with ProcessPoolExecutor(given.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        if given.prior:
            print(prior_table([case for cases in pool.map(wrong_in, towns) for case in cases]))
            return
        held = list(pool.map(looked, crowd))
        learned = [row for rows in pool.map(learned_in, towns) for row in rows]
    found = {t.world: [h for c, h in zip(crowd, held, strict=True) if c.world == t.world] for t in crowd}
    parts = [
        _about(towns[0], seeds),
        "### Intervals\n",
        f"Promised: 90 % held, 10 % false alarms. {days - FIRST_DAY} looks, one a day.\n",
        intervals_table(found),
    ]
    for world in worlds:
        parts.append(f"\n### {world.capitalize()} world: error of credit before and after\n")
        parts.append(errors_table(learned, world))
    text = "\n".join(parts)
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


if __name__ == "__main__":
    main()
