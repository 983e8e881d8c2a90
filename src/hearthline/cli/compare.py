"""`hearthline compare`."""

import json
from collections.abc import Mapping
from statistics import fmean
from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption, at_home
from hearthline.cli._screen import Stages, print_json, results, stages

__all__ = ["compare"]

_KEPT = "towns.json"
_SEEDS = (9001, 9002)
_MOST_HOMES, _MOST_DAYS = 1500, 150


def compare(
    *,
    simulate: Annotated[
        bool,
        typer.Option("--simulate", help="Grade the models in simulated towns first; kept for the next time."),
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show models side by side, where they disagree, and which has the best evidence here."""
    from hearthline import render

    opened = hl.open_home(home)
    if simulate:
        with stages() as told:
            graded = _graded(opened, told)
        (opened.path / _KEPT).write_text(json.dumps(graded, indent=1) + "\n", encoding="utf-8")
    figures = opened.compare(_kept(opened))
    if as_json:
        print_json([render.to_json(figure) for figure in figures])
        return
    for figure in figures:
        render.to_terminal(figure, results(), at_home(home))


def _kept(home: "hl.Home") -> Mapping[str, Mapping[str, float]]:
    file = home.path / _KEPT
    found: Mapping[str, Mapping[str, float]] = json.loads(file.read_bytes()) if file.exists() else {}
    return found


def _graded(home: "hl.Home", told: Stages) -> dict[str, dict[str, float]]:
    """Return by model and kind of orders the error in towns of this home's size, mean over all worlds.

    Towns have as many homes and days as this home (within limits) and its settings of models and journeys.
    """
    from hearthline import sim

    size = home.sql(
        "SELECT (SELECT count(*) FROM households) AS homes, last_day - first_day + 1 AS days FROM run"
    ).to_pylist()[0]
    homes = min(max(int(size["homes"]), 300), _MOST_HOMES)
    days = min(max(int(size["days"]), 60), _MOST_DAYS)
    errors: dict[str, dict[str, list[float]]] = {}
    for world in sim.worlds():
        for seed in _SEEDS:
            told(f"{world} world, seed {seed}: {homes:,} homes, {days} days")
            for model, kind, error in _one(home, world, homes, days, seed):
                errors.setdefault(model, {}).setdefault(kind, []).append(error)
    return {m: {kind: fmean(found) for kind, found in kinds.items()} for m, kinds in errors.items()}


def _one(home: "hl.Home", world: str, homes: int, days: int, seed: int) -> list[tuple[str, str, float]]:
    """Return model, kind and error in one town."""
    from datetime import UTC, datetime
    from pathlib import Path
    from shutil import copy
    from tempfile import TemporaryDirectory

    from hearthline import sim
    from hearthline.cli._truth import compare as missed
    from hearthline.store.lake import Lake

    with TemporaryDirectory(prefix="hearthline-compare-") as folder:
        town = hl.init(Path(folder) / "town")
        settings = home.path / "hearthline.toml"
        if settings.exists():
            copy(settings, town.path / "hearthline.toml")
        sim.write_lake(world, homes, days, seed, Path(folder) / "raw", telemetry=0.5)
        with Lake(town.path / "lake").batch(datetime.now(UTC)) as batch:
            batch.adopt(Path(folder) / "raw/events-*.parquet", Path(folder) / "raw/identities-*.parquet")
        town.run()
        misses = missed(town, sim.truth(world, homes, days, seed, shapley=False))
    return [(m.model, m.kind, m.off) for m in misses if m.off is not None and m.kind != "all"]
