"""What Lighthouse says of the screens: a Node program that `npx` fetches: asked for, never needed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from published import markdown

__all__ = ["scores", "table"]

PACKAGE = "lighthouse@12.8.2"
CATEGORIES = ("performance", "accessibility", "best-practices")
TIMES = {"largest-contentful-paint": "largest paint, ms", "total-blocking-time": "blocked, ms",
         "cumulative-layout-shift": "shift"}  # fmt: skip
Scores = dict[str, dict[str, float]]


def scores(url: str, paths: Mapping[str, str], chromium: str, rounds: int = 3) -> Scores:
    """Return each page's scores from 0 to 1 and times, the medians of some runs.

    Lighthouse is left as it comes: it takes the page for one on a middling phone, with a slow network and a
    CPU slowed four times, both simulated.
    """
    if shutil.which("npx") is None:
        raise SystemExit("lighthouse: no npx on this machine; install Node.js 20 or later, or leave it out")
    found: Scores = {}
    for name, path in paths.items():
        runs = [_asked(url + path, chromium) for _ in range(rounds)]
        found[name] = {key: median(run[key] for run in runs) for key in runs[0]}
    return found


def _asked(url: str, chromium: str) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        command = ["npx", "--yes", PACKAGE, url, "--quiet", "--output=json", f"--output-path={told}",
                   f"--only-categories={','.join(CATEGORIES)}",
                   "--chrome-flags=--headless=new --no-sandbox"]  # fmt: skip
        subprocess.run(command, check=True, env=os.environ | {"CHROME_PATH": chromium})
        report: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    failed = [
        f"{name} ({audit['title']})"
        for name, audit in report["audits"].items()
        if audit["score"] is not None
        and audit["score"] < 0.5
        and audit["scoreDisplayMode"] == "binary"
        and name != "bf-cache"  # pages are not to be kept: a household may be on them
    ]
    if failed:
        print(f"{url}: {'; '.join(failed)}", file=sys.stderr)
    return {c: report["categories"][c]["score"] for c in CATEGORIES} | {
        t: report["audits"][t]["numericValue"] for t in TIMES
    }


def table(found: Scores) -> str:
    """Return the scores as Markdown, with the lowest of each last."""
    heads = ["screen", *CATEGORIES, *TIMES.values()]
    rows = [[name, *_cells(run)] for name, run in found.items()]
    worst = {c: min(run[c] for run in found.values()) for c in CATEGORIES}
    worst |= {t: max(run[t] for run in found.values()) for t in TIMES}
    return markdown(heads, [*rows, ["the worst of each", *_cells(worst)]])


def _cells(run: Mapping[str, float]) -> list[str]:
    times = [f"{run[t]:.3f}" if t == "cumulative-layout-shift" else f"{run[t]:,.0f}" for t in TIMES]
    return [*(f"{run[c]:.2f}" for c in CATEGORIES), *times]
