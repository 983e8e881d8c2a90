"""`hearthline demo`."""

import json
import shutil
import webbrowser
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

import hearthline as hl
from hearthline.cli._options import DEMO_MARK, JsonOption
from hearthline.cli._screen import Stages, print_json, results, stages, table
from hearthline.schema import text
from hearthline.schema.errors import BadConfig

if TYPE_CHECKING:
    from hearthline.cli._signal_truth import Said
    from hearthline.cli._truth import Miss

__all__ = ["demo"]


def demo(
    *,
    homes: Annotated[int, typer.Option("--homes", min=1, max=20_000, help="Homes in the town.")] = 1000,
    days: Annotated[int, typer.Option("--days", min=14, max=1000, help="Days that are lived.")] = 120,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another town.")] = 7,
    world: Annotated[
        str, typer.Option("--world", metavar="NAME", help="How touches cause orders: a simulated world.")
    ] = "additive",
    home: Annotated[Path, typer.Option("--home", metavar="DIR", help="Folder of the home.")] = Path(
        "hearthline-demo"
    ),
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open report.html in the browser.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Simulate a town of connected homes, attribute its orders, and show the error against the truth."""
    from hearthline import sim
    from hearthline.cli import _first_answer as first
    from hearthline.cli._signal_truth import compare_signals
    from hearthline.cli._truth import compare, keep_misses

    sim.load(world)
    town = {"world": world, "homes": homes, "days": days, "seed": seed}
    opened = _fresh(home, town)
    with stages() as told:
        taken = _lived(opened, town, told)
        opened.run(progress=told, demo=True)
        told("writing report.html")
        page = first.write_page(opened)
        answer = first.first_answer(opened, taken)
        truth = sim.truth(
            **_arguments(town),
            layers=sim.Layers.lively(),
            shapley=False,
            progress=lambda part: told.part("living the town again without each channel", part),
        )
        misses = compare(opened, truth)
        keep_misses(opened, misses)
        told("comparing signals with what is true")
        said = compare_signals(opened, sim.hidden(**_arguments(town), layers=sim.Layers.lively()))
    if as_json:
        print_json({**answer, "town": town, "misses": [asdict(m) for m in misses],
                    "signals": [asdict(s) for s in said], "report": str(page)})  # fmt: skip
    else:
        console = results()
        first.head(console, answer)
        first.print_shares(console, answer, opened.path)
        first.print_machines(console, answer, opened.path)
        print_misses(console, misses)
        print_said(console, said)
        first.tail(console, opened, answer, page)
    if open_page:
        webbrowser.open(page.resolve().as_uri())


def _arguments(town: dict[str, Any]) -> dict[str, Any]:
    return {name: town[name] for name in ("world", "homes", "days", "seed")}


def _fresh(folder: Path, town: dict[str, Any]) -> "hl.Home":
    """Return an empty home for the town; an earlier demo's is emptied, anyone else's refused."""
    from hearthline import sim

    mark = folder / DEMO_MARK
    if mark.exists():
        for part in ("lake", "answers", "inbox"):
            shutil.rmtree(folder / part, ignore_errors=True)
    elif folder.exists() and any(folder.iterdir()):
        raise BadConfig(f"{folder}: is not empty and no earlier demo; choose another folder with --home")
    folder.mkdir(parents=True, exist_ok=True)
    # Nobody lives in the town: with a fixed key, ids and so intervals are the same in every demo.
    (folder / "secret.key").write_bytes(sha256(b"hearthline demo").digest())
    home = hl.init(folder)
    sim.write_content(folder)
    settings = folder / "hearthline.toml"
    if not settings.exists():
        settings.write_text(f"[signals]\ncontent = {json.dumps(sim.CONTENT)}\n", encoding="utf-8")
    mark.write_text(json.dumps(town) + "\n", encoding="utf-8")
    return home


def _lived(home: "hl.Home", town: dict[str, Any], told: Stages) -> "list[hl.Intake]":
    """Return what came in: the town's payloads, as its platforms would send them."""
    from hearthline import sim

    told(f"living {town['days']} days in {town['homes']:,} homes")
    inbox = home.path / "inbox"
    sim.write_payloads(**_arguments(town), folder=inbox, layers=sim.Layers.lively())
    return home.add(inbox, progress=told)


def print_misses(console: Console, misses: "list[Miss]") -> None:
    """Print each model's error against the truth, for orders by people and for all others."""
    by_model: dict[str, dict[str, Miss]] = {}
    for miss in misses:
        by_model.setdefault(miss.title, {})[miss.kind] = miss
    heads = ("model", "error", "rank", "credited", "error", "rank", "credited")
    rows = [
        (title, *_half(kinds.get("person")), *_half(kinds.get("automated")))
        for title, kinds in by_model.items()
    ]
    console.print()
    console.print(Text("How wrong each model is: only a simulated town knows its truth", "bold"))
    console.print(Text(f"  {'':<30}orders by people{'':<12}orders without a person", "dim"))
    console.print(Padding(table(heads, rows, right=range(1, 7)), (0, 0, 0, 2), expand=False))
    lines = (
        "error: part of the credit on the wrong channel, against what is lost when it is switched off;",
        "rank: correlation of ranks; credited: for each 1.00 caused; orders as they are placed",
    )
    for line in lines:
        console.print(Text(f"  {line}", "dim"))


def print_said(console: Console, said: "list[Said]") -> None:
    """Print what signals said of the town beside what is true of it."""
    rows = [(s.signal, s.what, s.said, s.true) for s in said]
    console.print()
    console.print(Text("What signals say of this town, and what is true of it", "bold"))
    heads = ("signal", "what", "said", "true")
    console.print(Padding(table(heads, rows), (0, 0, 0, 2), expand=False))


def _half(miss: "Miss | None") -> list[str]:
    if miss is None:
        return ["", "", ""]
    values = (miss.off, miss.rank, miss.recovered)
    return [text.MISSING if v is None else f"{v:.2f}".replace("-", text.MINUS) for v in values]
