"""What enrolments are worth with what they are expected to bring, for decisions: the second ledger.

The first ledger books each machine-placed order when it happens and so undervalues what builds
enrolments. Here each enrolment counts what it brought so far and, as a forecast with its interval, what it
is expected to bring within the horizon (`attribution.ahead_of`).
"""

import numpy as np
import pyarrow as pa
from scipy import sparse

from hearthline.attribution import Enrolled, ahead_of
from hearthline.pipeline.credit.ledger import decimals
from hearthline.pipeline.credit.orders import Book
from hearthline.schema.journey import Floats, Ints

__all__ = ["Lifetime", "enrolled_of"]

_DRAWN = 2_000_000
_ENDS = (0.05, 0.95)
"""Between these quantiles, by Weibull's plotting positions, the next draw falls in 90 % of cases."""


def enrolled_of(book: Book) -> Enrolled:
    """Return the book's enrolments and the orders that they brought."""
    kinds = {kind: code for code, kind in enumerate(sorted(set(book.enrolments.kind.to_pylist())))}
    both = [(orders, orders.enrolment >= 0) for orders in (book.subscription, book.machine)]
    return Enrolled(
        kind=np.array([kinds[k] for k in book.enrolments.kind.to_pylist()], dtype=np.int64),
        began_ms=book.enrolments.time_ms,
        ended_ms=book.enrolments.ended_ms,
        of=np.concatenate([o.enrolment[known] for o, known in both]),
        order_ms=np.concatenate([o.time_ms[known] for o, known in both]),
        money=np.concatenate([o.micros[known] for o, known in both]) / 1e6,
    )


class Lifetime:
    """Booked and expected orders and money of each enrolment, in the order of `book.enrolments`.

    Attributes:
        booked: (e,) net revenue of the orders so far in millionths.
        ahead: what is expected in the horizon.
    """

    def __init__(self, book: Book, as_of_ms: int, horizon_days: float) -> None:
        self.book = book
        enrolled = enrolled_of(book)
        count = max(len(enrolled.kind), 1)
        self.ahead = ahead_of(enrolled, as_of_ms, horizon_days, int(np.clip(_DRAWN // count, 40, 200)))
        self.booked = np.zeros(len(enrolled.kind), np.int64)
        np.add.at(self.booked, enrolled.of, np.rint(enrolled.money * 1e6).astype(np.int64))

    def table(self) -> pa.Table:
        """Return the table `enrolment_ledger` of the answer."""
        known, ahead = self.book.enrolments, self.ahead
        low, high = np.quantile(ahead.drawn, _ENDS, axis=0, method="weibull")
        return pa.table(
            {
                "enrolment_id": known.id,
                "unit": pa.array(known.unit, mask=~known.housed),
                "time": pa.array(known.time_ms * 1000, pa.timestamp("us", tz="UTC")),
                "kind": known.kind,
                "goes_on": ahead.on,
                "orders": ahead.orders,
                "booked": decimals(self.booked),
                "expected": ahead.orders + ahead.more,
                "ahead": _money(ahead.money),
                "low": _money(low),
                "high": _money(high),
                "lifetime": decimals(self.booked + np.rint(ahead.money * 1e6).astype(np.int64)),
            }
        )

    def by_channel(self, model: str, names: list[str], parts: list[tuple[Ints, Ints, Floats]]) -> pa.Table:
        """Return one model's rows of the table `enrolment_credit`.

        Args:
            model: the model.
            names: the channels' names.
            parts: for batches of touches of enrolment journeys: enrolment, channel, share.
        """
        enrolment = np.concatenate([p[0] for p in parts]) if parts else np.zeros(0, np.int64)
        channel = np.concatenate([p[1] for p in parts]) if parts else enrolment
        share = np.concatenate([p[2] for p in parts]) if parts else np.zeros(0)
        shape = (len(names), len(self.booked))
        part = sparse.csr_array((share, (channel, enrolment)), shape=shape)

        def summed(value: Floats) -> Floats:
            """Return (channels + 1,) or (channels + 1, draws): the last is the baseline's."""
            got = np.asarray(part @ value)
            return np.concatenate([got, (value.sum(axis=0) - got.sum(axis=0))[None]])

        ahead = summed(self.ahead.money)
        low, high = np.quantile(summed(self.ahead.drawn.T), _ENDS, axis=1, method="weibull")
        booked = np.rint(summed(self.booked.astype(np.float64))).astype(np.int64)
        return pa.table(
            {
                "model": [model] * (len(names) + 1),
                "channel": [*names, "(baseline)"],
                "enrolments": summed(np.ones(len(self.booked))),
                "booked": decimals(booked),
                "ahead": _money(ahead),
                "low": _money(low),
                "high": _money(high),
                "lifetime": decimals(booked + np.rint(ahead * 1e6).astype(np.int64)),
            }
        )


def _money(value: Floats) -> pa.Array:
    return decimals(np.rint(value * 1e6).astype(np.int64))
