"""The other nouns that are kept beside events: rejects, raw payloads, spend, metrics, links.

An answer's derived tables are described where they are made; these are what enters a home.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

__all__ = ["Alias", "Assignment", "Link", "Metric", "RawPayload", "Reject", "Spend", "Statement"]


class Reject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An input that could not become an event, kept whole with the reason, the place and the cure.

    `place` is `file:line:column` or the path inside a payload; `got` and `raw` hold no personal
    identifier, because `privacy.admit` masks them. `row` is the id that the row of a table would have had as
    an event: who reads it later finds its refusal by it.
    """

    source: str
    reason: str
    place: str
    wrong: str
    cure: str
    raw: bytes = b""
    received: datetime | None = None
    row: str | None = None


class RawPayload(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A payload as it came, personal values masked and bearer tokens cut; found by its hash."""

    sha256: str
    media_type: str
    body: bytes


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """Money spent on one channel (and campaign) on one day.

    `row` is a hash of the row of the table that told it: what is read again of a row takes its place.
    """

    channel: str
    campaign: str | None = None
    day: date
    cost: Decimal
    currency: str
    source: str
    row: str | None = None


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


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a person or a model says about two identifiers, for good: kept, never changed or deleted.

    Attributes:
        id: of the statement.
        left: an identifier, `namespace:value`; personal values are keyed hashes.
        right: the other one.
        kind: `same`, `not_same`, `take_back` (links between the two no longer count), or `as_found`
            (what was said about the two before no longer counts).
        level: whether it speaks of one `person` or of one `household`.
        weight: log-odds that it is right.
        rule: who says so: `by hand`, or the model with its version.
        made: when it was said (UTC); the latest about the same two is in force.
        reason: in words.
        consent: the basis on which the two may be linked, where one was named.
        events: ids of the events that it rests on.
        evidence: the parts of a model's weight, by comparison.
    """

    id: str
    left: str
    right: str
    kind: Literal["same", "not_same", "take_back", "as_found"]
    level: Literal["person", "household"]
    weight: float
    rule: str
    made: datetime
    reason: str | None = None
    consent: str | None = None
    events: list[str] = []
    evidence: dict[str, float] = {}


class Alias(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Two identifiers, `namespace:value`, that are one personal value under a later and an earlier key.

    `received` is when the pair was written down.
    """

    later: str
    earlier: str
    received: datetime | None = None


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Where an experiment's list puts an identifier: into an arm, `on` or `off`, or into a region."""

    experiment: str
    identifier: str
    arm: str | None = None
    region: str | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence that two identifiers belong together (or do not), valid from/to.

    `weight` is a log-odds; `consent` is the basis (`granted`, or `unknown` where the settings allow it).
    `state` is `used`, `demoted` or `taken back`, the last two with the reason in `note`.
    """

    link: str
    left: str
    right: str
    kind: str
    valid_from: datetime
    valid_to: datetime
    weight: float
    rule: str
    evidence: int
    consent: str = "granted"
    state: str = "used"
    note: str | None = None
