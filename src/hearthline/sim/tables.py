"""The town as a stranger's two CSV files: an event log and an order list, nothing else known."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hearthline.sim.channels import CHANNELS, DEVICES
from hearthline.sim.draws import BLOCK
from hearthline.sim.happenings import Log, What, happenings
from hearthline.sim.labels import campaign_id, device_id, enrolment_id, home_id, order_id
from hearthline.sim.payloads.row import euros, iso
from hearthline.sim.worlds import load

__all__ = ["write_tables"]

_EVENTS: Final = ("ts", "device_id", "device_type", "event", "household", "channel", "campaign")
_ORDERS: Final = ("order_id", "ts", "amount", "currency", "household", "placed_by", "subscription_id")
_PLACED_BY: Final = ("person", "machine", "subscription")
_ENROLLED: Final = ("", "replenishment_started", "subscription_started")
_STOPPED: Final = ("", "replenishment_ended", "subscription_ended")


def write_tables(world: str, homes: int, days: int, seed: int, folder: Path | str) -> dict[str, int]:
    """Write `events.csv` and `orders.csv` into a folder; return the number of rows of each.

    Amounts are net of refunds; cancelled orders are left out, as a shop's export does. Every row
    names its household. Same arguments, same bytes.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    counts = {"events.csv": 0, "orders.csv": 0}
    with (
        (place / "events.csv").open("w", newline="", encoding="utf-8") as events,
        (place / "orders.csv").open("w", newline="", encoding="utf-8") as orders,
    ):
        seen, sold = csv.writer(events), csv.writer(orders)
        seen.writerow(_EVENTS)
        sold.writerow(_ORDERS)
        for number, first in enumerate(range(0, homes, BLOCK)):
            size = min(BLOCK, homes - first)
            _, log, _ = happenings(load(world), seed, number, size, days)
            for row in _event_rows(log.of(What.TOUCH, What.ENROL, What.END)):
                seen.writerow(row)
                counts["events.csv"] += 1
            for row in _order_rows(log):
                sold.writerow(row)
                counts["orders.csv"] += 1
    return counts


def _event_rows(log: Log) -> Iterator[tuple[str, ...]]:
    columns = (log.what, log.time, log.home, log.device, log.owner, log.member, log.channel, log.kind)
    for what, time, home, device, owner, member, channel, kind in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        name = device_id(device, owner, member) if device >= 0 else ""
        word = DEVICES[device] if device >= 0 else ""
        if what == What.TOUCH:
            met = CHANNELS[channel]
            yield (iso(time), name, word, met.kind, home_id(home), met.name, _campaign(channel, time))
        else:
            words = _ENROLLED if what == What.ENROL else _STOPPED
            yield (iso(time), name, word, words[kind], home_id(home), "", "")


def _campaign(channel: int, time: int) -> str:
    return campaign_id(channel, time) if CHANNELS[channel].cost_cents else ""


def _order_rows(log: Log) -> Iterator[tuple[str, ...]]:
    orders = log.of(What.ORDER, What.MACHINE)
    back = log.of(What.REFUND, What.CANCEL)
    lost = dict(zip(back.order.tolist(), back.cents.tolist(), strict=True))
    void = set(log.of(What.CANCEL).order.tolist())
    columns = (orders.order, orders.time, orders.cents, orders.home, orders.kind, orders.since)
    for order, time, cents, home, kind, since in zip(*(c.tolist() for c in columns), strict=True):
        if order in void:
            continue
        net = euros(cents + lost.get(order, 0))
        ref = enrolment_id(home, since) if kind else ""
        yield (order_id(order), iso(time), net, "EUR", home_id(home), _PLACED_BY[kind], ref)
