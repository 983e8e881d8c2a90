"""Writes what the README shows of the demo: `docs/demo.svg` and the excerpt (`make picture`)."""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import hearthline as hl
from hearthline import render

__all__ = ["excerpt", "replaced"]

ROOT = Path(__file__).parents[1]
_PLACE = re.compile(r"(<!-- excerpt: hearthline demo -->\n```text\n).*?(```\n<!-- /excerpt -->)", re.DOTALL)
_LAST = "What orders without a person owe"


def excerpt(said: str) -> str:
    """Return the first part of what the demo printed: what came in, and who earned it."""
    return "\n".join(line.rstrip() for line in said[: said.index(_LAST)].rstrip().splitlines()) + "\n"


def replaced(readme: str, said: str) -> str:
    """Return the README with the excerpt in its place."""
    return _PLACE.sub(lambda place: place[1] + excerpt(said) + place[2], readme)


def _write() -> None:
    with TemporaryDirectory(prefix="hearthline-picture-") as folder:
        command = [sys.executable, "-m", "hearthline", "demo"]
        told = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
        figure = hl.open_home(Path(folder) / "hearthline-demo").report("attribution").figure
    (ROOT / "docs" / "demo.svg").write_text(render.to_svg(figure, 960), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(replaced(readme.read_text("utf-8"), told.stdout), encoding="utf-8")


if __name__ == "__main__":
    _write()
