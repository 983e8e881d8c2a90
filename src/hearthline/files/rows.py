"""What a file gives: a part of a table in canonical form, or payloads for the platform sources."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hearthline.schema.arrow import EVENTS, IDENTITIES, MONEY
from hearthline.schema.records import Reject

__all__ = ["SPEND", "Batch", "Kind", "Payloads", "Rows"]

Kind = Literal["events", "orders", "spend"]

SPEND = pa.schema(
    [
        pa.field("channel", pa.string(), nullable=False),
        pa.field("campaign", pa.string()),
        pa.field("day", pa.date32(), nullable=False),
        pa.field("cost", MONEY, nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("row", pa.string()),
    ]
)
"""Money spent on one channel (and campaign) on one day, as columns."""


@dataclass(frozen=True)
class Rows:
    """A part of a file, at most `chunk_rows` of its rows, in canonical form.

    Nothing is lost: `read == accepted + len(rejects)`. An accepted row is one event, except that a
    row which tells of an order *and* its refund is two, and a further line of an order is none.

    Attributes:
        kind: what the table was taken for.
        origin: the file.
        events: schema `EVENTS`; empty for spend.
        identities: schema `IDENTITIES`; every combination that the events point to, once.
        spend: schema `SPEND`; empty for events and orders.
        rejects: the rows refused, each with its place and cure.
        read: rows of the file that this part covers.
        accepted: rows that were taken.
        guesses: canonical field -> column found, and what was assumed.
        ids: of each row taken its id, also of a further line of an order; None where rows have none.
        raw_at: returns the bytes of the rows taken that stand on some lines, by line.
    """

    kind: Kind
    origin: str
    events: pa.Table
    identities: pa.Table
    spend: pa.Table
    rejects: list[Reject]
    read: int
    accepted: int
    guesses: dict[str, str]
    ids: pa.Array | None = None
    raw_at: Callable[[Collection[int]], dict[int, bytes]] | None = None


@dataclass(frozen=True)
class Payloads:
    """JSON objects of a file for the platform sources: line number and bytes, in the file's order.

    `lines` runs once. Lines that are no JSON come too: the source refuses them by name.
    """

    origin: str
    lines: Iterator[tuple[int, bytes]]


@dataclass(frozen=True)
class Batch:
    """Rows as a file holds them, before anything is understood.

    Attributes:
        table: the columns under their own names; text, or typed where the format has types.
        lines: (n,) line (or row) number of each row.
        rejects: what could not even be split into columns.
        read: rows covered, the rejects among them.
        raw: bytes of the i-th row as it came.
        spot: `file:line:column` of a column, by the row's bytes and line.
    """

    table: pa.Table
    lines: NDArray[np.int64]
    rejects: list[Reject]
    read: int
    raw: Callable[[int], bytes]
    spot: Callable[[bytes, int, str], str]


def nothing(kind: Kind, origin: str) -> Rows:
    """Return the rows of a file that gave none.

    >>> nothing("spend", "a.csv").read
    0
    """
    return Rows(
        kind=kind,
        origin=origin,
        events=EVENTS.empty_table(),
        identities=IDENTITIES.empty_table(),
        spend=SPEND.empty_table(),
        rejects=[],
        read=0,
        accepted=0,
        guesses={},
    )
