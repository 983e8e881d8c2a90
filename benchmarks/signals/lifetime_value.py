"""Lifetime value: CDNOW's orders of 39 weeks foretold from the 39 before, and simulated buyers."""

from pathlib import Path
from statistics import median

import numpy as np
from datasets import file_of
from numpy.typing import NDArray

from hearthline.signals import _buying
from hearthline.signals._buying import History
from hearthline.signals._chances import ends_of
from published import markdown

__all__ = ["told"]

Floats = NDArray[np.float64]
WEEKS = 39
START, CUT, END = (np.datetime64(d) for d in ("1997-01-01", "1997-09-30", "1998-06-30"))


def _cdnow(path: Path, first: int, cut: np.datetime64, end: np.datetime64) -> tuple[History, Floats]:
    """Return what each customer did until the cut, and how many came until the end; `first`: place of id."""
    lines = [line.split() for line in path.read_text().splitlines()]
    lines = [words for words in lines if words[first].isdigit()]
    customer = np.unique([int(words[first]) for words in lines], return_inverse=True)[1]
    dates = [words[first + 1] for words in lines]
    day = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates], dtype="datetime64[D]")
    keep = np.isin(customer, customer[day <= cut])
    customer, day = np.unique(customer[keep], return_inverse=True)[1], day[keep]
    early = day <= cut
    week = (day - START).astype(np.int64) / 7
    data = _buying.history(customer[early], week[early], float((cut - START).astype(np.int64)) / 7)
    later = np.unique(np.stack([customer, day.astype(np.int64)], axis=1)[(day > cut) & (day <= end)], axis=0)
    return data, np.bincount(later[:, 0], minlength=len(data)).astype(np.float64)


def _simulated(n: int, seed: int, *, pulls: bool) -> tuple[History, Floats]:
    """Return customers whose gaps and lives have a memory; use of devices pulls on both, or not.

    Neither BG/NBD nor Pareto/NBD: rates are log-normal, gaps between orders Weibull, lives log-normal.
    """
    random = np.random.default_rng([seed, 31])
    use = random.normal(size=n)
    pull = use if pulls else np.zeros(n)
    gap = np.exp(1.9 + 0.8 * random.normal(size=n) - 0.45 * pull)
    life = np.exp(4.2 + 1.1 * random.normal(size=n) + 0.4 * pull)
    steps = gap[:, None] * random.weibull(1.4, (n, 120))
    when = np.cumsum(steps, axis=1)
    there = when < life[:, None]
    early, late = there & (when <= WEEKS), there & (when > WEEKS) & (when <= 2 * WEEKS)
    last = np.where(early, when, 0).max(axis=1)
    traits = (use + 0.5 * random.normal(size=n))[:, None]
    data = History(early.sum(axis=1).astype(np.float64), last, np.full(n, float(WEEKS)), traits)
    return data, late.sum(axis=1).astype(np.float64)


def _judged(data: History, later: Floats, story: str) -> dict[str, float]:
    model = _buying.fit(data, story)
    orders = _buying.expected_orders(model, data, WEEKS).orders
    drawn = _buying.drawn_orders(model, data, WEEKS, 200, seed=1)
    low, high = ends_of(drawn)
    total = np.array(ends_of(drawn.sum(axis=1))) / later.sum()
    error, naive = (float(np.sqrt(np.mean((x - later) ** 2))) for x in (orders, data.repeats))
    return {
        "rmse": error / naive,
        "total": float(orders.sum() / later.sum()),
        "low": float(total[0]),
        "high": float(total[1]),
        "covers": float(((later >= low) & (later <= high)).mean()),
    }


def _within(path: Path, first: int, story: str) -> list[str]:
    """Return what speaks for a story before the hold-out is seen: its likelihood, and its forecast within."""
    whole, _ = _cdnow(path, first, CUT, CUT)
    third = START + (CUT - START) * 2 // 3
    data, later = _cdnow(path, first, third, CUT)
    weeks = float((CUT - third).astype(np.int64)) / 7
    drawn = _buying.drawn_orders(_buying.fit(data, story), data, weeks, 400, seed=3)
    chance = (np.sum(drawn == later, axis=0) + 0.5) / (len(drawn) + 1)
    return [f"{_buying.fit(whole, story).log_likelihood:,.1f}", f"{float(np.log(chance).mean()):.3f}"]


def _cells(found: dict[str, float]) -> list[str]:
    total = f"{found['total']:.3f} ({found['low']:.3f}–{found['high']:.3f})"
    return [f"{found['rmse']:.3f}", total, f"{found['covers']:.3f}"]


STORIES = {"bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD"}
HEADS = ["customers", "RMSE / same count", "total foretold / true (90 % interval)", "90 % interval holds"]
WITHIN = ["log-likelihood", "log score of the last 13 of the 39 weeks before"]


def _public(*, small: bool) -> str:
    rows = []
    for name, file, first in (("sample", "CDNOW_sample.txt", 1), ("all", "CDNOW_master.txt", 0)):
        path = file_of("lifetimes", f"datasets/{file}")
        if path is None:
            return (
                "CDNOW is not measured here: its orders are read from the package `lifetimes`, which is "
                "not installed; `pip install --no-deps lifetimes` brings them."
            )
        if small and name == "all":
            continue
        data, later = _cdnow(path, first, CUT, END)
        same = data.repeats.sum() / later.sum()
        rows.append([f"CDNOW {name} ({len(data):,}), same count", "1.000", f"{same:.3f}", "–", "–", "–"])
        for story, title in STORIES.items():
            found = _judged(data, later, story)
            told = [*_cells(found), *_within(path, first, story)]
            rows.append([f"CDNOW {name} ({len(data):,}), {title}", *told])
    return markdown([*HEADS, *WITHIN], rows) + (
        f"\n\n{WEEKS} weeks foretold from up to {WEEKS} before. Goals, on the sample: RMSE at most 0.82, "
        "total within 12 %."
    )


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return the measures as Markdown."""
    n, rows = 800 if small else 4000, []
    for title, pulls in (("use of devices pulls", True), ("it pulls on nothing", False)):
        found: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
        for seed in seeds:
            data, later = _simulated(n, seed, pulls=pulls)
            bare = History(data.repeats, data.last, data.known, np.zeros((n, 0)))
            found["without"].append(_judged(bare, later, "bg_nbd"))
            found["with"].append(_judged(data, later, "bg_nbd"))
        for how, measured in found.items():
            middle = {k: median(m[k] for m in measured) for k in measured[0]}
            rows.append([f"{title}, {how} engagement", *_cells(middle)])
    simulated = markdown(["simulated customers", *HEADS[1:]], rows)
    note = (
        f"{n:,} customers, seeds {', '.join(map(str, seeds))}: medians. Their gaps are Weibull and their "
        "lives log-normal, which is neither story."
    )
    return f"{_public(small=small)}\n\n{simulated}\n\n{note}"
