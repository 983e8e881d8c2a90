"""`hearthline truth`."""

import json
from collections.abc import Sequence
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

import hearthline as hl
from hearthline.cli._options import JsonOption
from hearthline.cli._screen import Stages, print_json, results, stages, table
from hearthline.schema import text
from hearthline.schema.errors import BadConfig

if TYPE_CHECKING:
    from hearthline.cli._truth import Miss

__all__ = ["truth"]

_TITLES = {
    "person": "Orders placed by people",
    "automated": "Orders without a person (machine-placed and subscriptions)",
    "all": "All orders",
}
_MEASURES = ("off", "shapley", "rank", "recovered")
_SETTINGS = "[attribution]\nreplicates = 0\n"


def truth(
    *,
    world: Annotated[
        list[str] | None,
        typer.Option("--world", metavar="NAME", help="A world; may be repeated; default: all."),
    ] = None,
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="N,N,...", help="Seeds, none of them used in tuning.")
    ] = "9001,9002,9003",
    homes: Annotated[int, typer.Option("--homes", min=1, max=20_000, help="Homes in each town.")] = 2000,
    days: Annotated[int, typer.Option("--days", min=14, max=1000, help="Days that are lived.")] = 180,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition",
            metavar="NAME",
            help="A derived condition of journeys (docs/signals.md, states); may be repeated.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the error of every model against what the channels of simulated towns really caused."""
    from hearthline import sim

    chosen = world or list(sim.worlds())
    for name in chosen:
        sim.load(name)
    numbers = _numbers(seeds)
    settings = f"{_SETTINGS}\n[journeys]\nconditions = {json.dumps(condition or [])}\n"
    with stages() as told:
        found = {
            name: [m for seed in numbers for m in _town(name, homes, days, seed, told, settings)]
            for name in chosen
        }
    rows = [row for name in chosen for row in _averaged(name, found[name])]
    if as_json:
        print_json({"homes": homes, "days": days, "seeds": numbers, "errors": rows})
    else:
        _show(rows, f"{homes:,} homes, {days} days, seeds {', '.join(map(str, numbers))}")


def _numbers(seeds: str) -> list[int]:
    try:
        return [int(part) for part in seeds.split(",")]
    except ValueError:
        raise BadConfig(f"--seeds: {seeds!r} is no list of numbers; write it as in 9001,9002") from None


def _town(world: str, homes: int, days: int, seed: int, told: Stages, settings: str) -> "list[Miss]":
    """Return the errors about one town, which came in as its platforms' payloads and is forgotten."""
    from hearthline import sim
    from hearthline.cli._truth import compare

    where = f"{world} world, seed {seed}: "
    with TemporaryDirectory(prefix="hearthline-truth-") as folder:
        home = hl.init(folder)
        (home.path / "hearthline.toml").write_text(settings, encoding="utf-8")
        told(f"{where}living {days} days")
        sim.write_payloads(world, homes, days, seed, home.path / "inbox")
        home.add(home.path / "inbox", progress=lambda stage: told(where + stage))
        home.run(progress=lambda stage: told(where + stage), demo=True)
        known = sim.truth(
            *(world, homes, days, seed),
            progress=lambda part: told.part(f"{where}living every set of channels", part),
        )
        return compare(home, known)


def _averaged(world: str, misses: "Sequence[Miss]") -> list[dict[str, Any]]:
    """Return one row a model and kind: each measure's mean over seeds, and its least and largest value."""
    rows: dict[tuple[str, str], list[Miss]] = {}
    for miss in misses:
        rows.setdefault((miss.model, miss.kind), []).append(miss)
    return [
        {"world": world, "model": model, "title": of[0].title, "kind": kind}
        | {measure: _spread([getattr(miss, measure) for miss in of]) for measure in _MEASURES}
        for (model, kind), of in rows.items()
    ]


def _spread(values: Sequence[float | None]) -> dict[str, float] | None:
    known = [v for v in values if v is not None]
    return {"mean": fmean(known), "least": min(known), "largest": max(known)} if known else None


def _show(rows: Sequence[dict[str, Any]], about: str) -> None:
    console = results()
    console.print(
        Text.assemble(("Error of every model against the known truth", "bold"), (f"  {about}", "dim"))
    )
    heads = ("model", "error, off", "error, Shapley", "rank", "credited per 1.00")
    for world in dict.fromkeys(row["world"] for row in rows):
        for kind, title in _TITLES.items():
            chosen = [r for r in rows if r["world"] == world and r["kind"] == kind]
            console.print()
            console.print(Text(f"{world.capitalize()} world: {title.lower()}", "bold"))
            cells = [(r["title"].partition(" (half")[0], *(_said(r[m]) for m in _MEASURES)) for r in chosen]
            console.print(Padding(table(heads, cells, right=range(1, 5)), (0, 0, 0, 2), expand=False))
    console.print()
    for line in (
        "Error: total variation between credited and true shares, 0 to 1; mean (least–largest seed).",
        "Truth: the town lived again with channels switched off, same random numbers. Baseline left out.",
    ):
        console.print(Text(line, "dim"))


def _said(value: dict[str, float] | None) -> str:
    if value is None:
        return text.MISSING
    mean, least, largest = (f"{value[k]:.2f}".replace("-", text.MINUS) for k in ("mean", "least", "largest"))
    return mean if least == largest else f"{mean} ({text.interval(least, largest)})"
