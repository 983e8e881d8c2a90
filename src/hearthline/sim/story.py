"""A lived town as tables that a test or a notebook can join: what nobody outside can know."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hearthline.sim.channels import DEVICES, NAMES
from hearthline.sim.draws import BLOCK
from hearthline.sim.happenings import Log, What, happenings
from hearthline.sim.labels import customer_id, device_id, enrolment_id, home_id, order_id
from hearthline.sim.life import ALL_ON, Switches
from hearthline.sim.town import SEGMENTS, Homes
from hearthline.sim.worlds import load

__all__ = ["Story", "simulate"]


@dataclass(frozen=True, slots=True)
class Story:
    """Tables of one life. Times are UTC microseconds, money whole cents in EUR, homes by number.

    Attributes:
        homes: home, name, size, adults, affinity (latent), segment (observed), packs_a_day, hinted.
        devices: device, kind, home, first, last: when each device was seen in which home; a guest's
            phone and a speaker that moved have rows in two homes.
        members: customer, home, member.
        touches: home, time, channel, device, member.
        orders: order, home, member (who placed it), time, kind (person, machine, subscription), gross, net,
            enrolment, cycle.
        enrolments: enrolment, home, time, kind, ended (null while it lasts).
    """

    homes: pa.Table
    devices: pa.Table
    members: pa.Table
    touches: pa.Table
    orders: pa.Table
    enrolments: pa.Table


def simulate(world: str, homes: int, days: int, seed: int, on: Switches = ALL_ON) -> Story:
    """Return the life of a town with only the channels of `on` switched on.

    >>> story = simulate("additive", 20, 30, seed=1)
    >>> story.homes.num_rows, story.orders.column_names[:3]
    (20, ['order', 'home', 'member'])
    """
    parts = []
    for number, first in enumerate(range(0, homes, BLOCK)):
        size = min(BLOCK, homes - first)
        block, log, _ = happenings(load(world), seed, number, size, days, on)
        parts.append(_tables(block.homes, log))
    return Story(*(pa.concat_tables(tables) for tables in zip(*parts, strict=True)))


def _tables(homes: Homes, log: Log) -> tuple[pa.Table, ...]:
    return (
        *(_homes(homes), _devices(log), _members(homes)),
        *(_touches(log.of(What.TOUCH)), _orders(log), _enrolments(log)),
    )


def _homes(homes: Homes) -> pa.Table:
    number = np.arange(homes.first, homes.first + homes.n)
    return pa.table(
        {
            "home": number,
            "name": [home_id(i) for i in number.tolist()],
            "size": homes.size,
            "adults": homes.adults,
            "affinity": homes.affinity,
            "segment": [SEGMENTS[s] for s in homes.segment.tolist()],
            "packs_a_day": homes.packs_a_day,
            "hinted": homes.hinted,
        }
    )


def _device_names(log: Log) -> list[str | None]:
    columns = (log.device.tolist(), log.owner.tolist(), log.member.tolist())
    return [device_id(d, o, m) if d >= 0 else None for d, o, m in zip(*columns, strict=True)]


def _devices(log: Log) -> pa.Table:
    used = log.of(What.TOUCH, What.LINK)
    raw = pa.table(
        {
            "device": _device_names(used),
            "kind": pa.array(DEVICES).take(pa.array(used.device)),
            "home": used.home,
            "time": used.time,
        }
    )
    grouped = raw.group_by(["device", "kind", "home"], use_threads=False)
    return grouped.aggregate([("time", "min"), ("time", "max")]).rename_columns(
        ["device", "kind", "home", "first", "last"]
    )


def _members(homes: Homes) -> pa.Table:
    pairs = [(homes.first + i, m) for i, a in enumerate(homes.adults.tolist()) for m in range(a)]
    return pa.table(
        {
            "customer": [customer_id(home, member) for home, member in pairs],
            "home": [home for home, _ in pairs],
            "member": [member for _, member in pairs],
        }
    )


def _touches(log: Log) -> pa.Table:
    return pa.table(
        {
            "home": log.home,
            "time": log.time,
            "channel": pa.array(NAMES).take(pa.array(log.channel)),
            "device": _device_names(log),
            "member": log.member,
        }
    )


def _enrolment_names(log: Log) -> list[str | None]:
    pairs = zip(log.home.tolist(), log.since.tolist(), strict=True)
    return [enrolment_id(home, since) if since >= 0 else None for home, since in pairs]


def _orders(log: Log) -> pa.Table:
    placed, back = log.of(What.ORDER, What.MACHINE), log.of(What.REFUND, What.CANCEL)
    lost = dict(zip(back.order.tolist(), back.cents.tolist(), strict=True))
    return pa.table(
        {
            "order": [order_id(n) for n in placed.order.tolist()],
            "home": placed.home,
            "member": placed.member,
            "time": placed.time,
            "kind": pa.array(("person", "machine", "subscription")).take(pa.array(placed.kind)),
            "gross": placed.cents,
            "net": placed.cents + np.array([lost.get(n, 0) for n in placed.order.tolist()], np.int64),
            "enrolment": pa.array(_enrolment_names(placed), pa.string()),
            "cycle": pa.array(placed.cycle, mask=placed.kind == 0),
        }
    )


def _enrolments(log: Log) -> pa.Table:
    began, ended = log.of(What.ENROL), log.of(What.END)
    end = dict(zip(_enrolment_names(ended), ended.time.tolist(), strict=True))
    names = _enrolment_names(began)
    return pa.table(
        {
            "enrolment": names,
            "home": began.home,
            "time": began.time,
            "kind": pa.array(("", "replenishment", "subscription")).take(pa.array(began.kind)),
            "ended": pa.array([end.get(name) for name in names], pa.int64()),
        }
    )
