"""One happening as plain Python values, for the writers of payloads."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np

from hearthline.sim.channels import CHANNELS, DEVICES, Channel
from hearthline.sim.draws import Whole
from hearthline.sim.happenings import Log, What
from hearthline.sim.labels import campaign_id, device_id, enrolment_id
from hearthline.sim.life import SUBSCRIPTION
from hearthline.sim.town import SEGMENTS, TZ_MINUTES, Homes

__all__ = ["SYSTEMS", "Row", "euros", "iso", "local_iso", "reference", "rows_of", "uuid"]

_LOCAL: Final = timezone(timedelta(minutes=TZ_MINUTES))


SYSTEMS: Final = {1: ("amazon_dash", "device"), 2: ("stripe", "subscription")}
"""Kind of enrolment -> the system that keeps it, and what that system calls it."""
_APPLIANCE: Final = DEVICES.index("appliance")


class Row(NamedTuple):
    """A row of the log, and what is needed to know of its home."""

    of: What
    id: int
    home: int
    time: int
    received: int
    channel: int
    member: int
    device: int
    owner: int
    cents: int
    order: int
    since: int
    kind: int
    cycle: int
    number: float
    about: int  # id of the row that it is about, -1 for none
    hinted: bool
    placed: int  # when the order that it is about was placed
    segment: str
    owns: frozenset[str]
    seed: int

    @property
    def met(self) -> Channel:
        """The channel of a touch."""
        return CHANNELS[self.channel]

    @property
    def on(self) -> str:
        """The id of the device that it happened on."""
        return device_id(self.device, self.owner, self.member)

    @property
    def by_voice(self) -> bool:
        """Whether the order was spoken to the home's speaker: the shop then names the account holder."""
        return self.of is What.ORDER and "speaker" in self.owns and self.home % 2 == 1 and self.id % 7 < 2

    @property
    def device_kind(self) -> str:
        """The kind of the device."""
        return DEVICES[self.device]

    @property
    def campaign(self) -> str:
        """The campaign of a paid touch."""
        return campaign_id(self.channel, self.time)


def rows_of(log: Log, homes: Homes, seed: int) -> Iterator[Row]:
    """Yield the rows of a log in the order of arrival."""
    ordered = log.take(np.lexsort((log.id, log.received)))
    names = [f.name for f in fields(Log) if f.name in Row._fields]
    at = ordered.home - homes.first
    owned = [frozenset(k for k in DEVICES if homes.owns[k][i]) for i in range(homes.n)]
    kinds = list(What)
    columns: list[list[Any]] = [[kinds[code] for code in ordered.what.tolist()]]
    columns += [getattr(ordered, name).tolist() for name in names]
    columns += [homes.hinted[at].tolist(), _placed(ordered).tolist()]
    columns += [[SEGMENTS[s] for s in homes.segment[at].tolist()]]
    columns += [[owned[i] for i in at.tolist()]]
    columns.append([seed] * len(ordered))
    yield from map(Row._make, zip(*columns, strict=True))


def _placed(log: Log) -> Whole:
    """Return when the order that each row is about was placed; the row's own time for others."""
    orders = log.of(What.ORDER, What.MACHINE)
    if not len(orders):
        return log.time
    by_number = np.argsort(orders.order, kind="stable")
    place = np.searchsorted(orders.order[by_number], np.maximum(log.order, 0))
    found = orders.time[by_number[np.minimum(place, len(orders) - 1)]]
    out: Whole = np.where(log.order >= 0, found, log.time)
    return out


def iso(micros: int) -> str:
    """Return a UTC time as the platforms write it, in milliseconds.

    >>> iso(1_767_571_200_000_000)
    '2026-01-05T00:00:00.000Z'
    """
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def local_iso(micros: int) -> str:
    """Return the town's local time in seconds, with its offset."""
    return datetime.fromtimestamp(micros // 1_000_000, _LOCAL).isoformat()


def uuid(row: Row, part: int = 0) -> str:
    """Return an id in the form of a UUID: unique in the town, the same for a repeated message."""
    text = f"{row.seed & 0xFFFF:04x}{part:04x}{row.id:024x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def euros(cents: int) -> str:
    """Return an amount as shops write it.

    >>> euros(1999)
    '19.99'
    """
    return str(Decimal(cents).scaleb(-2))


def reference(row: Row) -> str:
    """Return the id of the standing decision, as its system names it."""
    if row.kind == SUBSCRIPTION:
        return f"sub_{enrolment_id(row.home, row.since).replace('-', '')}"
    return device_id(_APPLIANCE, row.home)
