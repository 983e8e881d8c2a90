"""What the reports say of a town on its events alone, beside what was true in it or came afterwards."""

from pathlib import Path
from tempfile import TemporaryDirectory

from held import Line, cell
from kpis import kpis
from lived import lived
from lively import DAYS, HOMES, WORLD
from rest import rest
from unsigned import found_home

from published import markdown

__all__ = ["told"]

_SETTINGS = "[attribution]\nreplicates = 60\n\n[signals]\ncontent = "


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return one table: a line for each figure, a column for each town; and how many intervals hold."""
    homes = 400 if small else HOMES
    found = [_lines(homes, seed) for seed in seeds]
    keys = list(dict.fromkeys((line.report, line.what) for lines in found for line in lines))
    known = [{(line.report, line.what): line for line in lines} for lines in found]
    rows = [[*key, *(cell(lines.get(key)) for lines in known)] for key in keys]
    heads = ["report", "what", *(f"said / true, town {seed}" for seed in seeds)]
    held = [line.holds for lines in found for line in lines if line.holds is not None]
    note = (
        f"{homes:,} homes, {DAYS} days, asked on the last day. {sum(held)} of {len(held)} intervals (90 %) "
        "hold the truth; a star marks the others."
    )
    return f"{markdown(heads, rows)}\n\n{note}"


def _lines(homes: int, seed: int) -> list[Line]:
    """Return every line of one town that came in as its platforms' payloads."""
    import hearthline as hl
    from hearthline import sim

    with TemporaryDirectory(prefix="hearthline-reports-") as folder:
        home, inbox = hl.init(Path(folder) / "home"), Path(folder) / "inbox"
        sim.write_content(home.path)
        named = ", ".join(f'"{path}"' for path in sim.CONTENT)
        (home.path / "hearthline.toml").write_text(f"{_SETTINGS}[{named}]\n")
        sim.write_payloads(WORLD, homes, DAYS, seed, inbox, layers=sim.Layers.lively())
        home.add(inbox)
        home.run()
        town = lived(homes, DAYS, seed)
        return [*kpis(home, town, found_home(inbox)), *rest(home, town)]
