"""What happens beside touches and orders: the rows of the layers of life (`sim.layers`), and their truth."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hearthline.sim.asking import BRANDS, QUESTIONS
from hearthline.sim.channels import DEVICES, NAMES
from hearthline.sim.draws import BLOCK, Flags, Singles, Whole, generator, uniform
from hearthline.sim.happenings import Log, What, instant, joined, rows
from hearthline.sim.layers import Departures, Layers, departures
from hearthline.sim.life import Block
from hearthline.sim.town import START

__all__ = ["LATER", "beside", "ended", "seen", "sick_days", "word_of"]

LATER: Final = 1 << 33
"""The part of `delivered` that delivers the layers' rows: a stream that no town's own rows use."""
_SECOND: Final = 1_000_000
_STATIC: Final = 1 << 33  # the day of draws that a home keeps for life
_FIRST_ID: Final = 4090 << 28  # above all ids of telemetry (days at most 4,000)
_ENDS: Final = 4089 << 28
_BY_VOICE: Final = NAMES.index("voice-search")
_PHONE, _SPEAKER, _APPLIANCE = (DEVICES.index(d) for d in ("phone", "speaker", "appliance"))
_ASKED: Final = np.cumsum([q.weight for q in QUESTIONS]) / sum(q.weight for q in QUESTIONS)
_NAMED: Final = np.cumsum([4, 3, 2, 1]) / 10
_SPELLINGS: Final = 4
_AFTERMATH: Final = (What.REFUND, What.CANCEL, What.SHIPPED)


@dataclass(frozen=True, slots=True)
class _Lot:
    """What a home keeps for life: how keen it is on app and appliance, its holidays' first day and end."""

    keen: Singles
    away: Whole
    back: Whole


def seen(log: Log, gone: Departures, first: int) -> Log:
    """Return what is seen of a log when homes leave: what follows an order still does, nothing else."""
    day = gone.day[log.home - first]
    kept = log.time < (day * 86_400 + START) * _SECOND
    return log.take(np.where(np.isin(log.what, _AFTERMATH), log.order // 2 % 4096 < day, kept))


def ended(log: Log, gone: Departures, first: int, days: int) -> Log:
    """Return the ends of what still runs when a home leaves, a second before; `log` is what is seen."""
    began, over = log.of(What.ENROL), log.of(What.END)
    key = began.home * 4096 + began.since
    runs = ~np.isin(key, over.home * 4096 + over.since) & (gone.day[began.home - first] < days)
    left, acts = began.take(runs), log.of(What.MACHINE)
    theirs = np.searchsorted(np.sort(key[runs]), acts.home * 4096 + acts.since)
    order, cycle = np.argsort(key[runs]), np.zeros(len(left), dtype=np.int64)
    known = theirs < len(left)
    known[known] = np.sort(key[runs])[theirs[known]] == (acts.home * 4096 + acts.since)[known]
    np.maximum.at(cycle, order[theirs[known]], acts.cycle[known])
    when = (gone.day[left.home - first] * 86_400 + START - 1) * _SECOND
    ids = (left.home // BLOCK << 40) | _ENDS | np.arange(len(left))
    return replace(rows(What.END, left.home, when, since=left.since, kind=left.kind, cycle=cycle), id=ids)


def beside(seed: int, block: Block, log: Log, layers: Layers) -> Log:
    """Return the rows of the layers, in the order of time; `log` has the town's own, as seen."""
    number = block.homes.first // BLOCK
    gone, lot = departures(seed, block.homes, layers), _lot(seed, block)
    sick = sick_days(seed, block, layers)
    parts = [_misheard(seed, block, log, layers)]
    for day in range(block.days):
        there = gone.there(day)
        parts += _used(seed, block, day, there, layers, (gone, lot))
        parts += _failed(seed, block, day, there, sick[day], layers)
        parts.append(_asked(seed, block, day, there, layers))
    out = joined(parts)
    return replace(out, id=(np.int64(number) << 40) | _FIRST_ID | np.arange(len(out)))


def _draw(seed: int, process: str, block: Block, day: int, n: int) -> Singles:
    random = generator(seed, process, day, block.homes.first // BLOCK)
    return random.random((n, BLOCK), dtype=np.float32)[:, : block.homes.n]


def _lot(seed: int, block: Block) -> _Lot:
    random = generator(seed, "usage", _STATIC, block.homes.first // BLOCK)
    keen = np.exp(0.5 * random.normal(size=BLOCK) - 0.125).astype(np.float32)[: block.homes.n]
    luck = random.random((2, BLOCK))[:, : block.homes.n]
    away = (luck[0] * 180).astype(np.int64)
    return _Lot(keen, away, away + 7 + (luck[1] * 8).astype(np.int64))


def _used(
    seed: int, block: Block, day: int, there: Flags, layers: Layers, who: tuple[Departures, _Lot]
) -> list[Log]:
    """Return who opened the app and ran the appliance today; less and less before some leave."""
    gone, lot = who
    luck = _draw(seed, "usage", block, day, 4)
    rate = np.float32(layers.use) * lot.keen * (1 - 0.9 * gone.shown(day, 0)) * (1 - 0.5 * gone.shown(day, 1))
    rate = rate * ((day < lot.away) | (day >= lot.back)) * there
    opened = np.flatnonzero(luck[0] < rate)
    ran = np.flatnonzero((luck[1] < 1.2 * rate) & block.homes.owns["appliance"])
    first = block.homes.first
    return [
        rows(What.OPENED, first + opened, instant(day, 7 + 15 * luck[2, opened]), device=_PHONE),
        rows(What.CYCLE, first + ran, instant(day, 7 + 15 * luck[3, ran]), device=_APPLIANCE),
    ]


def sick_days(seed: int, block: Block, layers: Layers) -> Flags:
    """Return (days, n) whether an appliance is ill: some for days on end, some before leaving."""
    homes, days = block.homes, block.days
    gone = departures(seed, homes, layers)
    sick = np.zeros((days, homes.n), dtype=np.bool_)
    if layers.faults <= 0:
        return sick
    for day in range(days):
        luck = _draw(seed, "fault", block, day, 6)
        for home in np.flatnonzero(luck[0] < layers.faults).tolist():
            sick[day : day + 5 + int(luck[1, home] * 6), home] = True
        sick[day] |= gone.shown(day, 1) > 0
    return sick & homes.owns["appliance"] & np.stack([gone.there(d) for d in range(days)])


def _failed(seed: int, block: Block, day: int, there: Flags, sick: Flags, layers: Layers) -> list[Log]:
    """Return errors, many of ill appliances and a few of any, and the calls for help about them."""
    if layers.faults <= 0:
        return []
    luck = _draw(seed, "fault", block, day, 6)
    owns = block.homes.owns["appliance"] & there
    once, again = np.where(sick, 0.7, 0.004), np.where(sick, 0.3, 0.0)
    out = []
    for part, chance in ((2, once), (3, again)):
        hit = np.flatnonzero(owns & (luck[part] < chance))
        when = instant(day, 6 + 16 * (luck[part, hit] * 991 % 1))
        out.append(
            rows(
                What.FAULT,
                block.homes.first + hit,
                when,
                device=_APPLIANCE,
                number=np.floor(luck[1, hit] * 5) + 1,
            )
        )
    asks = np.flatnonzero(sick & there & (luck[4] < 0.06))
    when = instant(day, 9 + 9 * luck[5, asks])
    return [*out, rows(What.TICKET, block.homes.first + asks, when, device=_PHONE)]


def _misheard(seed: int, block: Block, log: Log, layers: Layers) -> Log:
    """Return what was not understood: a part of the questions by voice, shortly before each is asked anew."""
    said = log.take((log.what == What.TOUCH) & (log.channel == _BY_VOICE))
    luck = uniform(seed, "question", block.homes.first // BLOCK, block.days)
    day = np.clip((said.time // _SECOND - START) // 86_400, 0, block.days - 1)
    own = luck[day, said.home - block.homes.first]
    again = said.take(own < layers.mishearing)
    wait = 15 + (own[own < layers.mishearing] * 99_991 % 1 * 60).astype(np.int64)
    when = again.time - wait * _SECOND
    return replace(
        again, what=np.full(len(again), int(What.MISHEARD)), time=when, received=when, about=again.id
    )


def _asked(seed: int, block: Block, day: int, there: Flags, layers: Layers) -> Log:
    """Return what is asked today beside the skill's searches: `number` says what, and of which brand."""
    luck = _draw(seed, "question", block, day + (1 << 32), 5)
    hit = np.flatnonzero(block.homes.owns["speaker"] & there & (luck[0] < layers.vain))
    which = np.searchsorted(_ASKED, luck[1, hit], side="right")
    brand = np.searchsorted(_NAMED, luck[2, hit], side="right")
    spelling = np.minimum((luck[3, hit] * _SPELLINGS).astype(np.int64), _SPELLINGS - 1)
    code = (np.minimum(which, len(QUESTIONS) - 1) * len(BRANDS) + brand) * _SPELLINGS + spelling
    lost = luck[3, hit] * 997 % 1 < layers.mishearing  # not understood, and given up
    what = np.where(lost, int(What.MISHEARD), int(What.QUESTION))
    when = instant(day, 7 + 14 * luck[4, hit])
    return replace(
        rows(What.QUESTION, block.homes.first + hit, when, device=_SPEAKER, number=code), what=what
    )


def word_of(code: int) -> tuple[int, int | None, str]:
    """Return the question (row in `QUESTIONS`), the brand named (row in `BRANDS`) and the words written.

    >>> word_of(0)
    (0, None, 'how long do coffee capsules keep fresh')
    """
    rest, spelling = divmod(code, _SPELLINGS)
    which, brand = divmod(rest, len(BRANDS))
    words = QUESTIONS[which].words
    if "{brand}" not in words:
        return which, None, words
    return which, brand, words.replace("{brand}", tuple(BRANDS.values())[brand][spelling])
