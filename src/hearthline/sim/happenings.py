"""What happened in a block of homes, as columns with clock times: touches, decisions, orders, mails.

The step between a life (days and flags) and its emission (lake, payloads, tables): each row gets its
second, its member, its device and its lineage. Times are UTC microseconds. Everything stays inside
the town's days, so that the books close with what the truth counts.
"""

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hearthline.sim.channels import CHANNELS, DEVICES, STAYS_AT_HOME
from hearthline.sim.draws import BLOCK, Flags, Singles, Whole, generator, uniform
from hearthline.sim.life import ALL_ON, SUBSCRIPTION, Block, Day, Switches, block_of, live
from hearthline.sim.town import START, TZ_MINUTES
from hearthline.sim.worlds import World

__all__ = ["DAY_US", "SECOND_DEVICE", "Log", "What", "happenings", "instant", "joined", "rows"]

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
SECOND_DEVICE: Final = 1 << 30
"""Added to `owner` for a device that replaces one that was given away."""


class What(IntEnum):
    """What a row of the log is."""

    TOUCH = 0
    ORDER = 1  # by hand
    MACHINE = 2  # by a machine or calendar
    ENROL = 3
    END = 4
    REFUND = 5
    CANCEL = 6
    SHIPPED = 7  # the mail that follows a machine's order
    LINK = 8  # a member signs in on a device
    LEVEL = 9  # the stock on an appliance's shelf
    TEMPERATURE = 10
    HEARTBEAT = 11
    PRESENCE = 12
    OPENED = 13  # the brand's app
    CYCLE = 14  # an appliance ran
    FAULT = 15  # an appliance reports an error
    TICKET = 16  # somebody asks the brand for help
    MISHEARD = 17  # what the skill did not understand, before it was asked anew
    QUESTION = 18  # what is asked beside the skill's searches


@dataclass(frozen=True, slots=True)
class Log:
    """m happenings as columns.

    Attributes:
        what: a code of `What`.
        id: unique number, the same in every run with this seed.
        home: number of the home in the town.
        time: when it happened; `received` when it arrived; both UTC microseconds.
        skewed: whether the device's clock was wrong (then `time` is off by hours).
        channel: row in `CHANNELS`, -1 for none.
        member: who in the home did it, 0 for the first account holder.
        device: row in `DEVICES`, -1 for none.
        owner: number of the home whose name the device bears (it may have moved, or be a guest's).
        cents: money, gross for orders, negative for refunds.
        order: number of the order, -1 for none.
        since: day of the enrolment it belongs to, -1 for none; `kind` 1 replenishment, 2 subscription.
        cycle: 1 for the first order after the enrolment.
        number: a reading.
        about: id of the row that it is about, -1 for none.
    """

    what: Whole
    id: Whole
    home: Whole
    time: Whole
    received: Whole
    skewed: Flags
    channel: Whole
    member: Whole
    device: Whole
    owner: Whole
    cents: Whole
    order: Whole
    since: Whole
    kind: Whole
    cycle: Whole
    number: Singles
    about: Whole

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.what)

    def take(self, rows: Whole | Flags) -> "Log":
        """Return the rows at these places or flags."""
        return Log(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def of(self, *what: What) -> "Log":
        """Return the rows that are one of these."""
        return self.take(np.isin(self.what, what))


_EMPTY: Final = {"channel": -1, "device": -1, "order": -1, "since": -1, "about": -1}


def rows(what: What, home: Whole, time: Whole, **columns: Whole | Singles | int) -> Log:
    """Return a log of one kind; columns that are not given hold their neutral value."""
    n = len(home)
    out = {"what": int(what), "home": home, "time": time, "received": time, "owner": home, **columns}
    return Log(
        **{
            f.name: np.broadcast_to(
                np.asarray(
                    out.get(f.name, _EMPTY.get(f.name, 0)),
                    dtype={"number": np.float32, "skewed": np.bool_}.get(f.name, np.int64),
                ),
                n,
            )
            for f in fields(Log)
        }
    )


def joined(logs: list[Log]) -> Log:
    """Return all rows in the order of time; equal times keep their order."""
    whole = {f.name: np.concatenate([getattr(log, f.name) for log in logs]) for f in fields(Log)}
    return Log(**whole).take(np.argsort(whole["time"], kind="stable"))


def instant(day: Whole | int, hour: Singles | NDArray[np.float64]) -> Whole:
    """Return UTC microseconds of a local hour (may be fractional) on a day of the town."""
    seconds = (np.asarray(hour, dtype=np.float64) * 3600 - TZ_MINUTES * 60).astype(np.int64)
    out: Whole = (START + day * 86_400 + seconds) * SECOND_US
    return out


def order_number(home: Whole, day: int, *, machine: bool) -> Whole:
    """Return a number that no other order of the town has (days below 4,096)."""
    out: Whole = (home * 4096 + day) * 2 + int(machine)
    return out


def happenings(
    world: World, seed: int, block: int, n: int, days: int, on: Switches = ALL_ON
) -> tuple[Block, Log, Singles]:
    """Return a block, its log in the order of time, and the (days, n) stock at the end of each day."""
    drawn = block_of(seed, block, n, days)
    clock = uniform(seed, "clock", block, days)[:, :n]
    parts: list[Log] = [_links(seed, drawn)]
    stock = np.empty((days, n), dtype=np.float32)
    for day in live(drawn, world, on):
        parts += [_touches(drawn, day), *_decisions(drawn, day, clock[day.day])]
        parts += _automation(drawn, day, clock[day.day])
        stock[day.day] = day.stock
    log = joined(parts)
    log = _moved(seed, drawn, log)
    return drawn, replace(log, id=(np.int64(block) << 40) | np.arange(len(log))), stock


def _touches(block: Block, day: Day) -> Log:
    """Return the day's touches."""
    first = block.homes.first
    parts = []
    for i, channel in enumerate(CHANNELS):
        hit = np.flatnonzero(day.touches[i])
        hour = block.hour[day.day, i, hit]
        member = (hour * 997 % 1 * block.homes.size[hit]).astype(np.int64)
        parts.append(
            rows(
                What.TOUCH,
                first + hit,
                instant(day.day, hour),
                channel=i,
                member=member,
                device=DEVICES.index(channel.device),
            )
        )
    return joined(parts)


def _decisions(block: Block, day: Day, clock: Singles) -> list[Log]:
    """Return orders by hand and enrolments, each at its hour, with refunds and cancellations."""
    first, t = block.homes.first, day.day
    hit = np.flatnonzero(day.person)
    number = order_number(first + hit, t, machine=False)
    member = (clock[hit] * 991 % 1 * block.homes.adults[hit]).astype(np.int64)
    time = instant(t, block.order_hour[t, hit])
    cents = block.person_cents[t, hit]
    order = rows(What.ORDER, first + hit, time, cents=cents, order=number, member=member)
    joins = np.flatnonzero(day.enrolled)
    appliance = np.where(day.enrolled[joins] == SUBSCRIPTION, -1, DEVICES.index("appliance"))
    kind, when = day.enrolled[joins], instant(t, block.enrol_hour[t, joins])
    enrol = rows(What.ENROL, first + joins, when, since=t, kind=kind, device=appliance)
    return [order, enrol, _taken_back(block, t, hit, order)]


def _automation(block: Block, day: Day, clock: Singles) -> list[Log]:
    """Return machine and calendar orders at night, their mails next morning, and ends."""
    first, t = block.homes.first, day.day
    hit = np.flatnonzero(day.machine)
    lineage = {"since": day.since[hit], "kind": day.kind[hit], "cycle": day.cycle[hit]}
    number = order_number(first + hit, t, machine=True)
    appliance = np.where(day.kind[hit] == SUBSCRIPTION, -1, DEVICES.index("appliance"))
    order = rows(
        What.MACHINE,
        first + hit,
        instant(t, 22.2 + 1.5 * clock[hit]),
        cents=block.machine_cents[t, hit],
        order=number,
        device=appliance,
        **lineage,
    )
    out = [order, _taken_back(block, t, hit, order)]
    if t + 1 < block.days:
        mail = instant(t + 1, 8 + 2 * clock[hit])
        out.append(rows(What.SHIPPED, first + hit, mail, order=number, **lineage))
    over = np.flatnonzero(day.ended)
    gone = {"since": day.since[over], "kind": day.kind[over], "cycle": day.cycle[over]}
    out.append(rows(What.END, first + over, instant(t, 23.8 + 0.1 * clock[over]), **gone))
    return out


def _taken_back(block: Block, t: int, hit: Whole, order: Log) -> Log:
    """Return the refunds and cancellations of a day's orders; all before the town's last midnight."""
    lost = order.cents - order.cents * block.kept[t, hit] // 1000
    back = np.flatnonzero(lost)
    void = block.cancelled[t, hit][back]
    wait = np.where(void, 2_400, 259_200 + lost[back] * 131 % 518_400) * SECOND_US
    end = np.int64((START + block.days * 86_400 - 3600) * SECOND_US) + back % 1000 * SECOND_US
    taken = order.take(back)
    return replace(
        taken,
        what=np.where(void, int(What.CANCEL), int(What.REFUND)),
        time=np.minimum(taken.time + wait, np.maximum(end, taken.time + 60 * SECOND_US)),
        received=np.minimum(taken.time + wait, np.maximum(end, taken.time + 60 * SECOND_US)),
        cents=-lost[back],
        device=np.full(len(back), -1),
    )


def _links(seed: int, block: Block) -> Log:
    """Return the sign-ins: each account holder on each device of the home, in the first days.

    Where devices report the home, nobody signs in on what stays at home: it is found by the report.
    """
    homes, parts = block.homes, []
    draw = generator(seed, "people", block=homes.first // BLOCK).random((len(DEVICES), 2, BLOCK))
    for i, kind in enumerate(DEVICES):
        for member in (0, 1):
            joins = homes.owns[kind] & (homes.adults > member)
            if kind in STAYS_AT_HOME:
                joins = joins & ~homes.hinted
            hit = np.flatnonzero(joins)
            u = draw[i, member, hit]
            day = np.minimum((u * 3).astype(np.int64), block.days - 1)
            when = instant(day, 6 + u * 997 % 1 * 0.4)
            parts.append(rows(What.LINK, homes.first + hit, when, device=i, member=member))
    return joined(parts)


def _moved(seed: int, block: Block, log: Log) -> Log:
    """Return the log in which some speakers go to the next home on a day, which signs in to them.

    The giver buys another one, whose `owner` is the home's number plus `SECOND_DEVICE`.
    """
    homes, speaker = block.homes, DEVICES.index("speaker")
    luck = generator(seed, "move", block=homes.first // BLOCK).random((2, BLOCK))[:, : homes.n]
    both = homes.owns["speaker"][:-1] & homes.owns["speaker"][1:]
    giver = np.flatnonzero(both & (luck[0, :-1] < 0.06) & (np.arange(homes.n - 1) % 2 == 0))
    moving = START * SECOND_US + ((0.3 + 0.5 * luck[1]) * block.days).astype(np.int64) * DAY_US
    takes = rows(What.LINK, homes.first + giver + 1, moving[giver] + 1, device=speaker)
    buys = rows(What.LINK, homes.first + giver, moving[giver] + 2, device=speaker)
    log = joined([log, takes, buys.take(~homes.hinted[giver])])
    never = np.iinfo(np.int64).max
    gives_at, takes_at = np.full(homes.n, never), np.full(homes.n, never)
    gives_at[giver], takes_at[giver + 1] = moving[giver], moving[giver]
    row, on_speaker = log.home - homes.first, log.device == speaker
    gave = on_speaker & (log.time >= gives_at[row])
    took = on_speaker & (log.time >= takes_at[row])
    return replace(log, owner=log.owner + np.where(gave, SECOND_DEVICE, 0) - took)
