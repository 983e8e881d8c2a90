"""What enrolments are worth over their life, for decisions: the second ledger.

The first ledger books each machine-placed order when it happens and so undervalues what builds
enrolments. Here each enrolment counts what it brought so far and what it is expected to bring:
survival from one order to the next is taken as geometric, pooled over all enrolments.
"""

import numpy as np
import pyarrow as pa

from hearthline.pipeline.credit.ledger import decimals
from hearthline.pipeline.credit.orders import Book
from hearthline.schema.journey import Floats, Ints

__all__ = ["Lifetime", "lifetime_of"]


class Lifetime:
    """Booked and expected orders and money of each enrolment, in the order of `book.enrolments`.

    Attributes:
        orders: (e,) orders so far.
        booked: (e,) their net revenue in millionths.
        expected: (e,) orders expected over the whole life.
        lifetime: (e,) expected net revenue of the whole life in millionths.
        survival: estimated probability of one more order after each order.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        count = len(book.enrolments.id)
        self.orders = np.zeros(count, np.int64)
        self.booked = np.zeros(count, np.int64)
        for orders in (book.subscription, book.machine):
            known = orders.enrolment >= 0
            np.add.at(self.orders, orders.enrolment[known], 1)
            np.add.at(self.booked, orders.enrolment[known], orders.micros[known])
        ended = book.enrolments.ended
        self.survival = float((self.orders.sum() + 1) / (self.orders.sum() + ended.sum() + 2))
        more = np.where(ended, 0.0, self.survival / (1.0 - self.survival))
        self.expected = self.orders + more
        usual = self.booked.sum() / max(self.orders.sum(), 1)
        each = np.where(self.orders > 0, self.booked / np.maximum(self.orders, 1), usual)
        self.lifetime = self.booked + np.rint(more * each).astype(np.int64)

    def table(self) -> pa.Table:
        """Return the table `enrolment_ledger` of the answer."""
        known = self.book.enrolments
        return pa.table(
            {
                "enrolment_id": known.id,
                "unit": pa.array(known.unit, mask=~known.housed),
                "time": pa.array(known.time_ms * 1000, pa.timestamp("us", tz="UTC")),
                "kind": known.kind,
                "orders": self.orders,
                "booked": decimals(self.booked),
                "expected": self.expected,
                "lifetime": decimals(self.lifetime),
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

        def summed(value: Ints | Floats) -> Floats:
            got = np.bincount(channel, weights=share * value[enrolment], minlength=len(names))
            return np.append(got, value.sum() - got.sum())

        ones = np.ones(len(self.orders))
        return pa.table(
            {
                "model": [model] * (len(names) + 1),
                "channel": [*names, "(baseline)"],
                "enrolments": summed(ones),
                "booked": decimals(np.rint(summed(self.booked)).astype(np.int64)),
                "lifetime": decimals(np.rint(summed(self.lifetime)).astype(np.int64)),
            }
        )


def lifetime_of(book: Book) -> Lifetime:
    """Return what the book's enrolments are worth."""
    return Lifetime(book)
