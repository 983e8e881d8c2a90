"""The error of every model against what the channels of simulated towns really caused.

    python benchmarks/truth.py [--homes 8000] [--days 120] [--seeds 101,102,103] [--density 1] [--small]
                               [--models NAME,NAME] [--peers] [--environments FOLDER]
                               [--cache FOLDER] [--write docs/how-true.md]

Every town is lived once as it is, attributed from its events alone, and lived again with every set of
channels switched off. Seeds 1 to 9 are for tuning and refused here. Prints Markdown: the median over
seeds with the range. `--cache` keeps the truths (513 lives of each town), which no change of a model moves.
`--peers` puts other packages into the same tables (peers/README.md): they are fetched over a network into
environments of their own, which `--environments` keeps for the next time.
"""

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from peer_credit import (
    Credited,
    Peers,
    alike,
    credit_of_peers,
    installed,
    left_out,
    merged,
    misses_of_peers,
    paths_of,
)
from published import markdown, write_block

if TYPE_CHECKING:
    from hearthline.cli._truth import Miss
    from hearthline.sim import Truth, World

TUNING_SEEDS = range(1, 10)
USUAL_HOMES = 8000
WORLDS = ("additive", "multiplicative", "confounded", "mediated")
MARK = "make truth"
DENSITY_MARK = 'make truth ARGS="--density 0.5,1,2 --seeds 101"'
NETWORKS_MARK = 'make truth ARGS="--networks --small"'
MORE_HOMES_MARK = 'make truth ARGS="--homes 32000 --world additive --models additive_hazard,last_touch"'
NETWORKS = ("neural_hazard", "attention_hazard")
PEERS_MARK = "make truth, beside other packages"
DEFAULT, YARDSTICK = "additive_hazard", "(last touch before each order)"
KINDS = {
    "person": "orders placed by people",
    "automated": "orders without a person (machine-placed and subscriptions)",
    "all": "all orders",
}
BRIEF = {
    "all": "all orders",
    "automated": "no person",
    "shapley": "error",
    "rank": "rank",
    "recovered": "credited",
}
MEASURES = {
    "off": "error, one off",
    "shapley": "error, Shapley",
    "rank": "rank correlation",
    "recovered": "credited for each 1.00 caused",
}


@dataclass(frozen=True)
class Town:
    """One simulated town."""

    world: str
    homes: int
    days: int
    seed: int
    density: float = 1.0
    models: tuple[str, ...] = ()  # none: all, also those that run only where they are asked for

    def form(self) -> "World":
        """Return the world, with as many touches as the town has."""
        from hearthline import sim

        usual = sim.load(self.world)
        return usual if self.density == 1.0 else usual.with_density(self.density)


@dataclass(frozen=True)
class Graded:
    """The errors about one town, of our models and of packages that were asked, and their credit."""

    misses: "list[Miss]"
    credited: Credited


def graded(town: Town, cache: Path | None, peers: Peers | None) -> Graded:
    """Return the errors of all models about one town."""
    import hearthline as hl
    from hearthline import sim
    from hearthline.cli._truth import compare
    from hearthline.store.lake import Lake

    with TemporaryDirectory(prefix="hearthline-truth-") as folder:
        raw, home = Path(folder) / "raw", hl.init(Path(folder) / "home")
        every = json.dumps(list(town.models) or [n for n in hl.attribution.names() if n != NETWORKS[-1]])
        (home.path / "hearthline.toml").write_text(f"[attribution]\nreplicates = 0\nmodels = {every}\n")
        sim.write_lake(town.form(), town.homes, town.days, town.seed, raw)
        with Lake(home.path / "lake").batch(datetime(2026, 6, 1, tzinfo=UTC)) as batch:
            batch.adopt(raw / "events-*.parquet", raw / "identities-*.parquet")
        home.run()
        known = truth_of(town, cache)
        found = compare(home, known)
        credited = credit_of_peers(paths_of(home), peers) if peers else Credited()
    print(f"done: {town.world} world, seed {town.seed}, touches x {town.density:g}", file=sys.stderr)
    return Graded([*found, *misses_of_peers(credited, known)], credited)


def truth_of(town: Town, cache: Path | None) -> "Truth":
    """Return what the channels of a town caused; from the cache where the simulator is the same."""
    from hearthline import sim

    if cache is None:
        return sim.truth(town.form(), town.homes, town.days, town.seed)
    file = cache / f"{town.world}-{town.homes}-{town.days}-{town.seed}-{town.density:g}-{_simulator()}.json"
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=sim.Truth)
    known = sim.truth(town.form(), town.homes, town.days, town.seed)
    cache.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(known))
    return known


def _simulator() -> str:
    """Return a digest of the simulator's code: another simulator has another truth."""
    from hearthline import sim

    digest = sha256()
    for file in sorted(Path(str(sim.__file__)).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def tables_of(found: "dict[str, list[Miss]]") -> str:
    """Return one table for each world and kind of order."""
    parts = []
    for world, misses in found.items():
        for kind, title in KINDS.items():
            chosen = [m for m in misses if m.kind == kind]
            names = dict.fromkeys(m.title for m in chosen)
            rows = [_row(name, [m for m in chosen if m.title == name]) for name in names]
            parts.append(f"### {world.capitalize()} world: {title}\n")
            parts.append(markdown(["model", *MEASURES.values()], rows) + "\n")
    return "\n".join(parts)


def by_density(found: "dict[Town, list[Miss]]", densities: Sequence[float]) -> str:
    """Return one table for all orders: the default model and last touch, by world and density of touches."""
    rows = []
    for world in dict.fromkeys(town.world for town in found):
        for density in densities:
            towns = [t for t in found if (t.world, t.density) == (world, density)]
            some = [m for t in towns for m in found[t] if m.kind == "all"]
            mine, last = ([m for m in some if m.model == name] for name in (DEFAULT, "last_touch"))
            told = [_said([getattr(m, x) for m in mine]) for x in ("shapley", "rank", "recovered")]
            rows.append([world, f"{density:g}", *told, _said([m.shapley for m in last])])
    heads = [MEASURES[m] for m in ("shapley", "rank", "recovered")]
    return markdown(["world", "touches", *heads, "last touch: error, Shapley"], rows)


def beside_peers(found: "dict[str, list[Miss]]") -> str:
    """Return one table for each world: the default model and last touch beside other packages."""
    measures = {"all": ("shapley", "rank", "recovered"), "automated": ("shapley", "rank")}
    heads = [f"{BRIEF[kind]}: {BRIEF[m]}" for kind, chosen in measures.items() for m in chosen]
    parts = []
    for world, misses in found.items():
        rows = []
        for model, title in _in_order(misses).items():
            cells = [
                _said([getattr(m, x) for m in misses if (m.model, m.kind) == (model, kind)])
                for kind, chosen in measures.items()
                for x in chosen
            ]
            name, _, package = title.partition(" (")
            rows.append((name, package.rstrip(")"), cells))
        parts.append(f"### {world.capitalize()} world, beside other packages\n")
        parts.append(markdown(["model", *heads], merged(rows)) + "\n")
    return "\n".join(parts)


def _in_order(misses: "Sequence[Miss]") -> dict[str, str]:
    """Return the titles of the default model, last touch, its yardstick; then packages' models by title."""
    ours = {m.model: m.title for m in misses if m.model in (DEFAULT, "last_touch", YARDSTICK)}
    theirs = {m.model: m.title for m in misses if ":" in m.model}
    return ours | dict(sorted(theirs.items(), key=lambda named: named[1]))


def by_model(found: "dict[str, list[Miss]]") -> str:
    """Return one table for all orders, by world and model."""
    rows = []
    for world, misses in found.items():
        some = [m for m in misses if m.kind == "all"]
        for title in dict.fromkeys(m.title for m in some):
            own = [m for m in some if m.title == title]
            rows.append(
                [
                    world,
                    title,
                    *(_said([getattr(m, x) for m in own]) for x in ("shapley", "rank", "recovered")),
                ]
            )
    return markdown(["world", "model", *(MEASURES[m] for m in ("shapley", "rank", "recovered"))], rows)


def _row(title: str, seeds: "Sequence[Miss]") -> list[str]:
    return [title, *(_said([getattr(m, measure) for m in seeds]) for measure in MEASURES)]


def _said(values: Sequence[float | None]) -> str:
    known = [v for v in values if v is not None]
    if not known:
        return "not defined"
    if len(known) == 1:
        return f"{known[0]:.3f}"
    return f"{median(known):.3f} ({min(known):.3f} to {max(known):.3f})"


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--homes", type=int, default=USUAL_HOMES)
    flags.add_argument("--days", type=int, default=120)
    flags.add_argument("--seeds", default="101,102,103", help="never those used in tuning")
    flags.add_argument("--world", action="append", choices=WORLDS, help="may be repeated; default: all")
    flags.add_argument("--density", default="1", help="of touches; several, as in 0.5,1,2, for a short table")
    flags.add_argument("--small", action="store_true", help="1,000 homes, 60 days, one seed")
    flags.add_argument("--processes", type=int, default=2)
    flags.add_argument("--models", help="as in additive_hazard,last_touch; default: all but attention")
    flags.add_argument("--networks", action="store_true", help="the networks beside the default model alone")
    flags.add_argument(
        "--peers", action="store_true", help="other packages in the same tables; needs a network"
    )
    flags.add_argument(
        "--environments", type=Path, help="a folder that keeps the other packages for the next time"
    )
    flags.add_argument("--cache", type=Path, help="a folder for truths, outside the repository")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the tables")
    given = flags.parse_args()
    seeds = [int(s) for s in given.seeds.split(",")]
    if set(seeds) & set(TUNING_SEEDS):
        sys.exit(f"--seeds: {given.seeds} has seeds used in tuning (1 to 9); choose others, such as 101")
    homes, days = (given.homes, given.days)
    if given.small:
        homes, days, seeds = min(homes, 1000), min(days, 60), seeds[:1]
    densities = [float(d) for d in given.density.split(",")]
    worlds = given.world or WORLDS
    short = len(densities) > 1
    models = (DEFAULT, "last_touch") if short else tuple(given.models.split(",") if given.models else ())
    if given.networks:
        models = (DEFAULT, *NETWORKS)
    towns = [Town(w, homes, days, s, d, models) for w in worlds for d in densities for s in seeds]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each process is one core's
    spawned = multiprocessing.get_context("spawn")
    with TemporaryDirectory(prefix="hearthline-peers-") as passing:
        peers = installed(given.environments or Path(passing)) if given.peers else None
        with ProcessPoolExecutor(given.processes, mp_context=spawned) as pool:
            found = list(pool.map(graded, towns, [given.cache] * len(towns), [peers] * len(towns)))
    of = ", ".join(map(str, seeds))
    about = f"{homes:,} homes, {days} days, seeds {of}; median (least to largest seed)."
    misses = {town: one.misses for town, one in zip(towns, found, strict=True)}
    text = by_density(misses, densities) if short else tables_of(_by_world(misses))
    print(f"{about}\n\n{text}")
    mark = DENSITY_MARK if short else MARK if homes <= USUAL_HOMES else MORE_HOMES_MARK
    if given.networks:
        mark, text = NETWORKS_MARK, by_model(_by_world(misses))
        print(text)
    if peers:
        credited = [one.credited for one in found]
        text = "\n".join([beside_peers(_by_world(misses)), alike(credited), left_out(credited)])
        mark = PEERS_MARK
        print(text)
    if given.write:
        write_block(given.write, mark, f"{about}\n\n{text}")


def _by_world(found: "dict[Town, list[Miss]]") -> "dict[str, list[Miss]]":
    out: dict[str, list[Miss]] = {}
    for town, misses in found.items():
        out.setdefault(town.world, []).extend(misses)
    return out


if __name__ == "__main__":
    main()
