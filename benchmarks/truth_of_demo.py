"""Who is nearer to the world that made the demo's data: the default model, our other models, other packages.

    python benchmarks/truth_of_demo.py [--seeds 111,112,113] [--homes 1000] [--days 120] [--small] [--alone]
                                       [--environments FOLDER] [--write docs/how-true.md]

Runs `hearthline demo` as it is and compares its answer with what its channels truly caused. The demo's seed
is one of those that were used in tuning, so the same is done for towns of its size with other seeds.
Other packages are fetched over a network into environments of their own (peers/README.md), which
`--environments` keeps for the next time; `--alone` leaves them out. Prints Markdown.
"""

import argparse
import inspect
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from peer_credit import SHORT, Credited, Peers, credit_of_peers, installed, left_out, merged, paths_of
from published import markdown, write_block

if TYPE_CHECKING:
    import hearthline as hl
    from hearthline.cli._truth import Kind
    from hearthline.sim import Truth

MARK = "make truth-of-demo"
TUNING_SEEDS = range(1, 10)
FACTOR = 2.0
KINDS: "tuple[Kind, ...]" = ("all", "automated")
ERRORS = {
    "pairs": "pairs in wrong order",
    "shares": "error, all orders",
    "ledger": "error, no person",
    "money": "EUR off, a channel",
}
"""What is wrong by how much; of each, 0 is best."""


@dataclass(frozen=True)
class Grade:
    """How far one model is from the truth of one town.

    Attributes:
        title: how people call the model.
        package: the package that it is of; empty for ours.
        rank: Spearman's rank correlation of credit and truth over channels, all orders.
        pairs: share of the pairs of channels that stand in the wrong order (Kendall's distance), all orders.
        shares, ledger: total variation of shares, all orders and orders without a person.
        money: mean distance of a channel's credited money from what it caused, all orders.
        inside: channels whose truth lies in the 90 % interval, all orders; None where there are no intervals.
        channels: number of channels.
    """

    title: str
    package: str
    rank: float | None
    pairs: float
    shares: float | None
    ledger: float | None
    money: float
    inside: int | None
    channels: int


def wrong_pairs(one: Mapping[str, float], truth: Mapping[str, float]) -> float:
    """Return the share of pairs that the truth tells apart and `one` has the other way round, ties as half.

    >>> wrong_pairs({"tv": 3.0, "web": 1.0, "mail": 1.0}, {"tv": 5.0, "web": 9.0, "mail": 1.0})
    0.5
    """
    told = [(a, b) for a, b in combinations(sorted(truth), 2) if truth[a] != truth[b]]
    wrong = 0.0
    for a, b in told:
        side = (one.get(a, 0.0) - one.get(b, 0.0)) * (truth[a] - truth[b])
        wrong += 1.0 if side < 0 else 0.5 if side == 0 else 0.0
    return wrong / len(told) if told else 0.0


def demo_town(folder: Path, homes: int, days: int, seed: int) -> "hl.Home":
    """Return the home that `hearthline demo` leaves."""
    import hearthline as hl

    size = ("--homes", str(homes), "--days", str(days), "--seed", str(seed))
    command = [sys.executable, "-m", "hearthline", "demo", *size, "--home", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"hearthline demo failed; {done.stderr.strip()[-2000:]}")
    return hl.open_home(folder)


def of_demo(name: str) -> int:
    """Return what `hearthline demo` takes for an option that nobody gives."""
    from hearthline.cli.demo import demo

    return int(inspect.signature(demo).parameters[name].default)


def graded(homes: int, days: int, seed: int, peers: Peers | None) -> tuple[list[Grade], Credited]:
    """Return how far all models are from the truth of one town, the default model first."""
    from hearthline import sim

    with TemporaryDirectory(prefix="hearthline-truth-of-demo-") as folder:
        home = demo_town(Path(folder) / "demo", homes, days, seed)
        known = sim.truth("additive", homes, days, seed, layers=sim.Layers.lively(), shapley=False)
        credited = credit_of_peers(paths_of(home), peers) if peers else Credited()
        grades = _ours(home, known)
    print(f"done: seed {seed}", file=sys.stderr)
    return [*grades, *_theirs(credited, known)], credited


def _ours(home: "hl.Home", known: "Truth") -> list[Grade]:
    """Return the grades of the models of a home's answer, the default model first."""
    from hearthline.cli._truth import credit_by_order

    answer = home.answer()
    try:
        models = answer.table(
            "SELECT model, title FROM models WHERE state = 'ok' ORDER BY is_default DESC, title"
        ).to_pylist()
        rows = answer.table(
            "SELECT model, channel, low::DOUBLE AS low, high::DOUBLE AS high "
            "FROM shares WHERE channel <> '(baseline)' AND kind = 'all'"
        ).to_pylist()
        credited = credit_by_order(answer)
    finally:
        answer.close()
    grades = []
    for model in models:
        name = model["model"]
        bands = {r["channel"]: (r["low"], r["high"]) for r in rows if r["model"] == name}
        whole, alone = (credited.get((name, kind), {}) for kind in KINDS)
        grades.append(grade((model["title"], ""), whole, alone, known, bands))
    return grades


def _theirs(credited: Credited, known: "Truth") -> list[Grade]:
    named = sorted({(title, script) for script, title, _ in credited.credit})
    return [
        grade(
            (title, SHORT[script]),
            credited.credit.get((script, title, "all"), {}),
            credited.credit.get((script, title, "automated"), {}),
            known,
        )
        for title, script in named
    ]


def grade(
    named: tuple[str, str],
    whole: Mapping[str, float],
    alone: Mapping[str, float],
    known: "Truth",
    bands: Mapping[str, tuple[float, float]] | None = None,
) -> Grade:
    """Return how far a credit is from the truth; `alone` is that of orders without a person."""
    from hearthline.cli._truth import rank_correlation, total_variation

    true = {e.channel: float(e.off_revenue) for e in known.effects if e.kind == "all"}
    true_alone = {e.channel: float(e.off_revenue) for e in known.effects if e.kind == "automated"}
    inside = None
    if bands is not None:
        ends = {channel: bands.get(channel, (0.0, 0.0)) for channel in true}
        inside = sum(low <= true[channel] <= high for channel, (low, high) in ends.items())
    return Grade(
        *named,
        rank=rank_correlation([whole.get(c, 0.0) for c in true], list(true.values())),
        pairs=wrong_pairs(whole, true),
        shares=total_variation(whole, true),
        ledger=total_variation(alone, true_alone),
        money=sum(abs(whole.get(c, 0.0) - true[c]) for c in true) / len(true),
        inside=inside,
        channels=len(true),
    )


def factor(one: float | None, ours: float | None) -> float | None:
    """Return how many times our error another is; None where ours is 0 or one is not known."""
    return one / ours if one is not None and ours else None


def every_model(towns: Sequence[Sequence[Grade]]) -> str:
    """Return the table of all models: medians over towns, each error with how many times ours it is."""
    rows = []
    for first in dict.fromkeys((g.title, g.package) for town in towns for g in town):
        of = [(g, town[0]) for town in towns for g in town if (g.title, g.package) == first]
        cells = [_middle([g.rank for g, _ in of], ".2f")]
        for name in ERRORS:
            pairs = [(getattr(g, name), getattr(ours, name)) for g, ours in of]
            size = ".0f" if name == "money" else ".3f"
            times = [t for t in (factor(one, ours) for one, ours in pairs) if t is not None]
            after = f" ({median(times):.1f} x)" if times else ""
            cells.append(_middle([one for one, _ in pairs], size) + after)
        held = [g.inside for g, _ in of if g.inside is not None]
        channels = of[0][0].channels
        cells.append(f"{median(held):g} of {channels}" if held else "none")
        rows.append((*first, cells))
    heads = ["model", "rank correlation", *ERRORS.values(), "truth in the interval"]
    return markdown(heads, merged(rows)) + "\n"


def best_others(towns: Sequence[Sequence[Grade]]) -> str:
    """Return the table of the factor: in each town the best of other packages over the default model."""
    rows = []
    for name, title in ERRORS.items():
        ours, best, who = [], [], []
        for town in towns:
            others = [g for g in town if g.package and getattr(g, name) is not None]
            if not others:
                return ""
            first = min(others, key=lambda g: getattr(g, name))
            ours.append(getattr(town[0], name))
            best.append(getattr(first, name))
            who.append(f"{first.title} ({first.package})")
        times = [factor(b, o) for b, o in zip(best, ours, strict=True)]
        known = [t for t in times if t is not None]
        size = ".0f" if name == "money" else ".3f"
        rows.append(
            [
                title,
                _middle(ours, size),
                _middle(best, size),
                ", ".join(dict.fromkeys(who)),
                _range(known),
                _verdict(times),
            ]
        )
    heads = [
        "",
        "default model",
        "best of other packages",
        "which",
        "times ours",
        f"{FACTOR:g} times or more",
    ]
    return markdown(heads, rows) + "\n"


def _verdict(times: Sequence[float | None]) -> str:
    held = sum(t is None or t >= FACTOR for t in times)
    if len(times) == 1:
        return "yes" if held else "no"
    return f"in {held} of {len(times)} towns"


def _middle(values: Sequence[float | None], form: str) -> str:
    known = [v for v in values if v is not None]
    return format(median(known), form) if known else "not defined"


def _range(values: Sequence[float]) -> str:
    if not values:
        return "ours is 0"
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--seeds", default="111,112,113", help="of further towns; never those used in tuning")
    flags.add_argument("--homes", type=int, default=of_demo("homes"))
    flags.add_argument("--days", type=int, default=of_demo("days"))
    flags.add_argument("--small", action="store_true", help="150 homes, 60 days, one further town")
    flags.add_argument("--alone", action="store_true", help="without other packages; needs no network")
    flags.add_argument(
        "--environments", type=Path, help="a folder that keeps other packages for the next time"
    )
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the tables")
    given = flags.parse_args()
    seeds = [int(s) for s in given.seeds.split(",")]
    if set(seeds) & set(TUNING_SEEDS):
        sys.exit(f"--seeds: {given.seeds} has seeds used in tuning (1 to 9); choose others, such as 111")
    homes, days = given.homes, given.days
    if given.small:
        homes, days, seeds = min(homes, 150), min(days, 60), seeds[:1]
    own = of_demo("seed")
    with TemporaryDirectory(prefix="hearthline-peers-") as passing:
        peers = None if given.alone else installed(given.environments or Path(passing))
        found = {seed: graded(homes, days, seed, peers) for seed in (own, *seeds)}
    text = told(homes, days, found, own)
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


def told(homes: int, days: int, found: Mapping[int, tuple[list[Grade], Credited]], own: int) -> str:
    """Return the block: the demo's own town, and the others."""
    others = [seed for seed in found if seed != own]
    size = f"{homes:,} homes, {days} days, additive world"
    tuned = " (a seed used in tuning)" if own in TUNING_SEEDS else ""
    parts = []
    for title, seeds in (
        (f"### The demo's own town\n\n{size}, seed {own}{tuned}.\n", [own]),
        (f"### Other towns of its size\n\n{size}, seeds {', '.join(map(str, others))}; medians.\n", others),
    ):
        towns = [found[seed][0] for seed in seeds]
        parts += [title, best_others(towns), every_model(towns)]
    return "\n".join([p for p in parts if p] + [left_out([credited for _, credited in found.values()])])


if __name__ == "__main__":
    main()
