"""Time and memory of the models on a million journeys, beside other packages, and how exact they are.

    python benchmarks/models.py [--rounds 3] [--journeys 1000000] [--alone] [--keep FOLDER]

Everybody reads the same CSV text and credits by first, last and linear touch and by a first-order
Markov chain, as one whole process from interpreter start to exit, after one run on a small table.
Rounds alternate, so that a busy machine is as busy for one as for the other; printed are medians and
ratios to the fastest peer. Peers (see peers/README.md for their licences) are installed into
environments made for the run. Then ours alone on ten times as many journeys.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from environments import PACKAGES, environment

HERE = Path(__file__).parent
CHANNELS = 20
BATCH = 250_000
PEERS = ("channel_attribution", "dp6")


@dataclass(frozen=True)
class Run:
    """One whole process: seconds on the wall, seconds of CPU, peak memory in MB, and what it found."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    found: dict[str, dict[str, float]]


def write_journeys(file: Path, journeys: int, seed: int = 1) -> None:
    """Write a table of paths: 20 channels of unequal reach, 4.00 touches on average, 5 % converting."""
    dice = np.random.default_rng(seed)
    names = np.array([f"channel{i + 1}" for i in range(CHANNELS)])
    reach = np.arange(1, CHANNELS + 1) ** -0.7
    push = dice.normal(0.0, 0.6, CHANNELS)
    with file.open("w") as out:
        out.write("path,conversions,value,null\n")
        for begin in range(0, journeys, BATCH):
            count = min(BATCH, journeys - begin)
            lengths = 1 + dice.poisson(3.0, count)
            ends = np.cumsum(lengths)
            touched = dice.choice(CHANNELS, ends[-1], p=reach / reach.sum())
            pull = np.bincount(np.repeat(np.arange(count), lengths), weights=push[touched])
            won = dice.random(count) < 1.0 / (1.0 + np.exp(3.53 - pull))
            cents = np.where(won, dice.exponential(4000.0, count).astype(np.int64), 0)
            words, start = names[touched].tolist(), 0
            for end, bought, value in zip(ends.tolist(), won.tolist(), cents.tolist(), strict=True):
                path = " > ".join(words[start:end])
                out.write(f"{path},{int(bought)},{value // 100}.{value % 100:02d},{int(not bought)}\n")
                start = end


def exact_effects(file: Path) -> dict[str, float]:
    """Return removal effects the long way: count steps line by line, delete a channel, solve again."""
    number = {f"channel{i + 1}": i for i in range(CHANNELS)}
    start, bought, lost = CHANNELS, CHANNELS + 1, CHANNELS + 2
    count = np.zeros((CHANNELS + 3, CHANNELS + 3)).tolist()
    with file.open() as lines:
        next(lines)
        for line in lines:
            path, won, _, _ = line.split(",")
            here = start
            for name in path.split(" > "):
                there = number[name]
                count[here][there] += 1
                here = there
            count[here][bought if won == "1" else lost] += 1
    step = np.array(count)[: CHANNELS + 1]
    step /= step.sum(axis=1, keepdims=True)
    whole = _conversion(step)
    effects = {}
    for name, channel in number.items():
        without = step.copy()
        without[channel] = 0.0  # whoever comes here is lost
        effects[name] = 1.0 - _conversion(without) / whole
    return effects


def _conversion(step: np.ndarray) -> float:
    inner = step[:CHANNELS, :CHANNELS]
    reach = np.linalg.solve(np.eye(CHANNELS) - inner, step[:CHANNELS, CHANNELS + 1])
    return float(step[CHANNELS, :CHANNELS] @ reach)


def measured(python: Path, script: str, file: Path, out: Path) -> Run:
    """Return one run of a script as a whole process."""
    command = [str(python), str(HERE / "peers" / f"{script}.py"), str(file), str(out)]
    launcher = [sys.executable, "-S", str(HERE / "peers" / "launch.py"), *command]
    # bytecode is cached for everybody, however the environments were made
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(launcher, capture_output=True, text=True, check=False, env=usual)
    if done.returncode:
        sys.exit(f"benchmarks/models: {script} failed; {done.stderr.strip()[-2000:]}")
    return Run(**json.loads(done.stdout), found=json.loads(out.read_text()))


def middle(runs: list[Run]) -> Run:
    """Return the medians."""
    return Run(
        median(r.wall_s for r in runs),
        median(r.cpu_s for r in runs),
        median(r.peak_mb for r in runs),
        runs[0].found,
    )


def compare(folder: Path, file: Path, rounds: int, *, alone: bool) -> None:
    """Print the table of all packages on one file."""
    scripts = {"hearthline": (Path(sys.executable), "ours")}
    for script in () if alone else PEERS:
        package = PACKAGES[script]
        name = f"{package.name} {package.version}"
        print(f"installing {name} ...", file=sys.stderr)
        scripts[name] = (environment(folder / script, package.needs), script)
    small = folder / "journeys-small.csv"
    write_journeys(small, 1_000)
    for python, script in scripts.values():
        measured(python, script, small, folder / "found.json")
    runs: dict[str, list[Run]] = {name: [] for name in scripts}
    for turn in range(rounds):
        for name, (python, script) in scripts.items():
            print(f"round {turn + 1}: {name}", file=sys.stderr)
            runs[name].append(measured(python, script, file, folder / "found.json"))
    medians = {name: middle(some) for name, some in runs.items()}
    print_table(medians, exact_effects(file))


def print_table(runs: dict[str, Run], exact: dict[str, float]) -> None:
    """Print times, memory and the largest error of removal effects, with ratios to ours."""
    print(f"\n{'':36}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'largest error of removal effects':>35}")
    for name, run in runs.items():
        off = max(abs(run.found["effects"][c] - exact[c]) for c in exact)
        print(f"{name:36}{run.wall_s:8.2f}{run.cpu_s:8.2f}{run.peak_mb:9.0f}{off:35.1e}")
    ours, peers = runs["hearthline"], [run for name, run in runs.items() if name != "hearthline"]
    if peers:
        ratios = [min(p.wall_s for p in peers) / ours.wall_s, min(p.cpu_s for p in peers) / ours.cpu_s]
        memory = min(p.peak_mb for p in peers) / ours.peak_mb
        print(
            f"\nbest peer of each column over ours: {ratios[0]:.1f} x wall, {ratios[1]:.1f} x CPU, "
            f"{memory:.1f} x memory"
        )


def grow(folder: Path, file: Path, journeys: int) -> None:
    """Print how ours grows to ten times as many journeys."""
    large = folder / "journeys-large.csv"
    if not large.exists():
        write_journeys(large, 10 * journeys, seed=2)
    one, ten = (
        measured(Path(sys.executable), "ours", table, folder / "found.json") for table in (file, large)
    )
    print(f"\nours, {journeys:,} to {10 * journeys:,} journeys:", end=" ")
    print(f"wall {one.wall_s:.2f} to {ten.wall_s:.2f} s, CPU {one.cpu_s:.2f} to {ten.cpu_s:.2f} s,", end=" ")
    print(f"peak {one.peak_mb:.0f} to {ten.peak_mb:.0f} MB")


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--rounds", type=int, default=3, help="how often each package runs")
    flags.add_argument("--journeys", type=int, default=1_000_000)
    flags.add_argument("--alone", action="store_true", help="without the other packages")
    flags.add_argument("--keep", type=Path, help="a folder for tables and environments, to use them again")
    given = flags.parse_args()
    with TemporaryDirectory() as passing:
        folder = given.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"journeys-{given.journeys}.csv"
        if not file.exists():
            write_journeys(file, given.journeys)
        compare(folder, file, given.rounds, alone=given.alone)
        grow(folder, file, given.journeys)


if __name__ == "__main__":
    main()
