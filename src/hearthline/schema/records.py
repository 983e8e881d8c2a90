"""The other nouns that are kept beside events: rejects, raw payloads, spend, metrics, links.

An answer's derived tables are described where they are made; these are what enters a home.
"""

from datetime import date, datetime
from decimal import Decimal

import msgspec

__all__ = ["Link", "Metric", "RawPayload", "Reject", "Spend"]


class Reject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An input that could not become an event, kept whole with the reason, the place and the cure.

    `place` is `file:line:column` or the path inside a payload; `got` and `raw` hold no personal
    identifier, because `privacy.admit` masks them.
    """

    source: str
    reason: str
    place: str
    wrong: str
    cure: str
    raw: bytes = b""
    received: datetime | None = None


class RawPayload(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A payload as it came, personal values masked and bearer tokens cut; found by its hash."""

    sha256: str
    media_type: str
    body: bytes


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """Money spent on one channel (and campaign) on one day."""

    channel: str
    campaign: str | None = None
    day: date
    cost: Decimal
    currency: str
    source: str


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """An aggregate that a platform reports. Never an event; used to reconcile and calibrate.

    It is over [`start`, `end`). `source` reads as an event's does. `dimensions` says of what it is an
    aggregate, its `unit` or `currency` among them. One that is reported again takes the place of the old one.
    """

    source: str
    metric: str
    start: datetime
    end: datetime
    dimensions: dict[str, str]
    value: float
    received: datetime | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence that two identifiers belong together (or do not), valid from/to.

    `weight` is a log-odds; `state` is `used`, or `demoted` with the reason in `note`.
    """

    left: str
    right: str
    kind: str
    valid_from: datetime
    valid_to: datetime
    weight: float
    rule: str
    evidence: int
    state: str = "used"
    note: str | None = None
