"""What devices say all day without anybody buying: stock levels, temperature, heartbeats, presence.

Also how messages reach us: about one in a hundred late by days, half of those with a wrong clock,
and one in a hundred twice.
"""

from dataclasses import fields, replace
from typing import Final

import numpy as np

from hearthline.sim.channels import DEVICES
from hearthline.sim.draws import BLOCK, Singles, Whole, generator
from hearthline.sim.happenings import DAY_US, Log, What, joined, rows
from hearthline.sim.life import Block
from hearthline.sim.town import START

__all__ = ["CHUNK", "delivered", "readings"]

CHUNK: Final = 15
"""Days of telemetry that are made at once, to bound memory."""
_SECOND: Final = 1_000_000
_SPOKEN: Final = (What.HEARTBEAT, What.TEMPERATURE, What.PRESENCE)


def readings(seed: int, block: Block, stock: Singles, start: int, rate: float) -> Log:
    """Return the telemetry of `CHUNK` days from day `start`, about `rate` rows a home and day.

    Appliances report their level once a day whatever the rate, as the platforms ask for.
    """
    n, number = block.homes.n, block.homes.first // BLOCK
    days = range(start, min(start + CHUNK, block.days))
    parts = []
    for day in days:
        draw = generator(seed, "telemetry", day, number).random((2, BLOCK), dtype=np.float32)[:, :n]
        parts.append(_levels(block, stock[day], day, draw))
        parts.append(_spoken(seed, block, day, rate))
    log = joined(parts)
    ids = (np.int64(number) << 40) | (np.int64(1 + start) << 28) | np.arange(len(log))
    return replace(log, id=ids)


def _levels(block: Block, stock: Singles, day: int, draw: Singles) -> Log:
    """Return each appliance's stock in per cent, noisy, in steps of 5."""
    hit = np.flatnonzero(block.homes.owns["appliance"])
    percent = np.clip(stock[hit] * 100 + 4 * (draw[1, hit] - 0.5), 0, 100)
    return rows(
        What.LEVEL,
        block.homes.first + hit,
        (START + day * 86_400 + (79_200 + draw[0, hit] * 3_000).astype(np.int64)) * _SECOND,
        device=DEVICES.index("appliance"),
        number=np.round(percent / 5) * 5,
    )


def _spoken(seed: int, block: Block, day: int, rate: float) -> Log:
    """Return heartbeats of any device, temperatures of sensors and presence of phones."""
    homes, number = block.homes, block.homes.first // BLOCK
    random = generator(seed, "telemetry", day + (1 << 32), number)
    per_home = np.floor(np.float32(rate) + random.random(BLOCK, dtype=np.float32))[: homes.n]
    home = np.repeat(np.arange(homes.n), per_home.astype(np.int64))
    draw = random.random((3, len(home)), dtype=np.float32)
    owned = np.stack([homes.owns[kind] for kind in DEVICES])
    what = np.array(_SPOKEN)[(draw[0] * 3).astype(np.int64)]
    any_device = np.argsort(owned, axis=0, kind="stable")[
        -1 - (draw[1] * owned.sum(axis=0)[home] * 0.999).astype(np.int64), home
    ]
    fixed = np.where(what == What.TEMPERATURE, DEVICES.index("sensor"), DEVICES.index("phone"))
    device = np.where(what == What.HEARTBEAT, any_device, fixed)
    warmth = 19.5 + 0.1 * block.calendar.temperature[day] + 2 * draw[1] + homes.evening[home]
    log = rows(
        What.HEARTBEAT,
        homes.first + home,
        (START + day * 86_400) * _SECOND + (draw[2].astype(np.float64) * (DAY_US - 1)).astype(np.int64),
        device=device,
        number=np.where(what == What.TEMPERATURE, np.round(warmth, 1), 1),
        member=np.where(what == What.PRESENCE, (draw[1] * homes.size[home] * 0.999).astype(np.int64), 0),
    )
    log = replace(log, what=what, owner=_guests(seed, block, log.home, what, day))
    return log.take(owned[device, home])


def _guests(seed: int, block: Block, home: Whole, what: Whole, day: int) -> Whole:
    """Return whose phone is present: now and then that of a home seven doors away."""
    homes = block.homes
    luck = generator(seed, "member", block=homes.first // BLOCK).random((2, BLOCK))
    row = home - homes.first
    visit = (luck[0, row] < 0.06) & (np.abs(day - luck[1, row] * block.days) < 1.5)
    visit &= (what == What.PRESENCE) & (row + 7 < homes.n)
    return np.where(visit, home + 7, home)


def delivered(seed: int, block: int, log: Log, part: int = 0) -> Log:
    """Return the log as it arrives: some rows late, some of them with a wrong clock, some twice."""
    draw = generator(seed, "late", part, block).random((4, len(log)), dtype=np.float32)
    late = (draw[0] < 0.01) & np.isin(log.what, [What.TOUCH, What.LEVEL, *_SPOKEN])
    skewed = late & (draw[2] < 0.5)
    wait = np.where(late, DAY_US + (draw[1] * 4 * DAY_US).astype(np.int64), _SECOND + log.id % 20_000_003)
    off = np.where(skewed, ((draw[2] - 0.25) * 8 * 3_600).astype(np.int64) * _SECOND, 0)
    arrived = replace(log, time=log.time + off, received=log.time + wait, skewed=skewed)
    twice = np.flatnonzero(draw[3] < 0.01)
    again = arrived.take(twice)
    again = replace(again, received=again.received + 3_600 * _SECOND)
    both = {f.name: np.concatenate([getattr(arrived, f.name), getattr(again, f.name)]) for f in fields(Log)}
    return Log(**both)
