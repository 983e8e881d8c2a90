"""What nobody outside knows of a town's layers of life: who leaves, what is ill, what is asked in vain."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from hearthline.sim.asking import BRANDS, QUESTIONS
from hearthline.sim.beside import beside, seen, sick_days, word_of
from hearthline.sim.channels import DEVICES
from hearthline.sim.draws import BLOCK, Flags
from hearthline.sim.happenings import What, happenings
from hearthline.sim.labels import device_id
from hearthline.sim.layers import Layers, departures, departures_of
from hearthline.sim.life import Block
from hearthline.sim.town import START
from hearthline.sim.worlds import load

__all__ = ["Hidden", "hidden"]

_AHEAD = 56


@dataclass(frozen=True, slots=True)
class Hidden:
    """The truth that signals look for, as of the town's last day.

    Attributes:
        departures: home, name, day, sign, ahead: who left, or will within 56 days.
        spells: device, first, last (dates): when an appliance was ill.
        asked: words, brand (null: none named), answered, asked: what was asked, searches apart.
        failed: questions that were not understood.
        run_outs: device, days: until what an appliance holds is used up, if nothing comes (null: 56 or more).
    """

    departures: pa.Table
    spells: pa.Table
    asked: pa.Table
    failed: int
    run_outs: pa.Table


def hidden(world: str, homes: int, days: int, seed: int, layers: Layers) -> Hidden:
    """Return the truth about a town that was lived with layers; its life goes on after the last day.

    >>> found = hidden("additive", 40, 30, 1, Layers.lively())
    >>> found.asked.column_names, found.run_outs.num_rows > 5
    (['words', 'brand', 'answered', 'asked'], True)
    """
    spells: list[tuple[str, date, date]] = []
    empty: list[tuple[str, float | None]] = []
    asked, failed = np.zeros(len(QUESTIONS) * len(BRANDS) * 4, dtype=np.int64), 0
    for first in range(0, homes, BLOCK):
        size = min(BLOCK, homes - first)
        block, _, stock = happenings(load(world), seed, first // BLOCK, size, days + _AHEAD)
        now = happenings(load(world), seed, first // BLOCK, size, days)[:2]
        gone = departures(seed, block.homes, layers)
        told = beside(seed, now[0], seen(now[1], gone, first), layers)
        failed += len(told.of(What.MISHEARD))
        asked += np.bincount(told.of(What.QUESTION).number.astype(np.int64), minlength=len(asked))
        spells += _spells(sick_days(seed, now[0], layers), first)
        there = gone.there(days - 1) & block.homes.owns["appliance"]
        empty += _run_outs(block, stock[days - 1], there, days)
    names, firsts, lasts = zip(*spells, strict=True) if spells else ((), (), ())
    return Hidden(
        departures_of(homes, days + _AHEAD, seed, layers),
        pa.table({"device": pa.array(names, pa.string()), "first": pa.array(firsts, pa.date32()),
                  "last": pa.array(lasts, pa.date32())}),
        _asked(asked),
        failed,
        pa.table({"device": pa.array([d for d, _ in empty], pa.string()),
                  "days": pa.array([t for _, t in empty], pa.float64())}),
    )  # fmt: skip


def _spells(sick: Flags, first: int) -> list[tuple[str, date, date]]:
    """Return the first and the last day of each stretch of illness, by device."""
    edge = np.diff(sick.astype(np.int8), axis=0, prepend=0, append=0)
    home, begins = np.nonzero(edge.T == 1)
    _, ends = np.nonzero(edge.T == -1)
    start = date(1970, 1, 1) + timedelta(days=START // 86_400)
    return [
        (device_id(DEVICES.index("appliance"), first + h), start + timedelta(b), start + timedelta(e - 1))
        for h, b, e in zip(home.tolist(), begins.tolist(), ends.tolist(), strict=True)
    ]


def _run_outs(block: Block, left: "np.ndarray", there: Flags, days: int) -> list[tuple[str, float | None]]:
    use = block.use[days:] * block.calendar.season[days:, None]
    total = np.cumsum(use, axis=0)
    at = np.argmax(total >= left, axis=0)
    home = np.arange(len(left))
    before = np.where(at > 0, total[np.maximum(at - 1, 0), home], 0)
    when = at + np.clip((left - before) / np.maximum(use[at, home], 1e-9), 0, 1)
    when = np.where(total[-1] < left, np.nan, when)
    kind = DEVICES.index("appliance")
    return [
        (device_id(kind, block.homes.first + h), None if np.isnan(when[h]) else float(when[h]))
        for h in np.flatnonzero(there).tolist()
    ]


def _asked(counts: "np.ndarray") -> pa.Table:
    """Return what was asked, one row a question and brand."""
    found: dict[tuple[int, int | None], int] = {}
    for code in np.flatnonzero(counts).tolist():
        which, brand, _ = word_of(code)
        found[which, brand] = found.get((which, brand), 0) + int(counts[code])
    brands = list(BRANDS)
    rows = sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or 0))
    return pa.table(
        {
            "words": pa.array([QUESTIONS[w].words for (w, _), _ in rows], pa.string()),
            "brand": pa.array([None if b is None else brands[b] for (_, b), _ in rows], pa.string()),
            "answered": pa.array([QUESTIONS[w].answered for (w, _), _ in rows], pa.bool_()),
            "asked": pa.array([n for _, n in rows], pa.int64()),
        }
    )
