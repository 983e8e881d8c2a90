"""The ledger: every micro-unit of every order, credited to a touch or kept with the reason why not."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pyarrow as pa

from hearthline.attribution import split
from hearthline.pipeline.credit.batches import Owed
from hearthline.pipeline.credit.orders import Orders
from hearthline.schema.errors import DoesNotAddUp
from hearthline.schema.journey import Floats, Ints

__all__ = ["Ledger", "decimals"]

_DAY_MS = 86_400_000
_MONEY = pa.decimal128(24, 6)
Cell = tuple[str, str]


def decimals(micros: Ints) -> pa.Array:
    """Return millionths as exact decimals.

    >>> decimals(np.array([-1, 12_345_678])).to_pylist()
    [Decimal('-0.000001'), Decimal('12.345678')]
    """
    words = np.empty((len(micros), 2), np.int64)
    words[:, 0] = micros
    words[:, 1] = micros >> 63  # the sign fills the upper half
    return pa.Array.from_buffers(_MONEY, len(micros), [None, pa.py_buffer(np.ascontiguousarray(words))])


@dataclass(slots=True)
class Ledger:
    """Credit collected batch by batch; `model` and `kind` name a cell.

    `credits` sums (amount, expected orders) by touchpoint and day; `reasons` keeps what was not credited.
    """

    parts: dict[tuple[str, str, str], list[tuple[Ints, Ints, Ints, Floats]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    credited: dict[Cell, int] = field(default_factory=lambda: defaultdict(int))
    reasons: dict[tuple[str, str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )

    def credit(self, model: str, kind: str, owed: Owed, shares: Floats) -> Ints:
        """Enter one model's shares of some orders; return the (m,) amounts in millionths."""
        won = owed.order >= 0
        payable = np.where(won, owed.payable, 0)
        amount = split(payable, shares, owed.journeys.offsets)
        row = owed.journeys.row
        part = payable / np.maximum(owed.micros, 1)
        expected = shares * np.where(owed.micros > 0, part, won)[row]
        paid = np.flatnonzero((shares > 0) & won[row])
        touch_ms = owed.end_ms[row] - np.rint(owed.journeys.gap_h * 3_600_000).astype(np.int64)
        for accounting, when in (("order", owed.order_ms[row]), ("touch", touch_ms)):
            cell = owed.journeys.place[paid] * 2**20 + when[paid] // _DAY_MS
            self._enter((model, kind, accounting), cell, amount[paid], expected[paid])
        self.credited[model, kind] += int(amount.sum())
        self._explain(model, kind, owed, amount, won)
        return amount

    def _enter(self, cell: tuple[str, str, str], at: Ints, amount: Ints, orders: Floats) -> None:
        """Add up amounts and orders by `at`: touchpoint x 2^20 + day."""
        key, inverse = np.unique(at, return_inverse=True)
        money = np.zeros(len(key), np.int64)
        np.add.at(money, inverse, amount)
        count = np.bincount(inverse, weights=orders, minlength=len(key)).astype(np.float64)
        self.parts[cell].append((key >> 20, key & (2**20 - 1), money, count))

    def _explain(self, model: str, kind: str, owed: Owed, amount: Ints, won: np.ndarray) -> None:
        """Keep the reason for what is not credited: no touch, less owed, baseline."""
        got = np.zeros(owed.journeys.n, np.int64)
        np.add.at(got, owed.journeys.row, amount)
        bare = won & (owed.journeys.lengths == 0)
        self._reason(model, kind, "no touch in the look-back", owed.payable[bare])
        less = "brought forward" if kind == "person" else "no longer owed or displaced"
        self._reason(model, kind, less, (owed.micros - owed.payable)[won])
        left = owed.payable - got
        self._reason(model, kind, "baseline", left[won & ~bare])

    def _reason(self, model: str, kind: str, reason: str, micros: Ints) -> None:
        entry = self.reasons[model, kind, reason]
        entry[0] += int(micros.sum())
        entry[1] += int((micros != 0).sum())

    def leave(self, model: str, kind: str, orders: Orders, met: Ints) -> None:
        """Enter the orders that no journey met: without a household, or without a known enrolment."""
        rest = np.ones(orders.n, bool)
        rest[met] = False
        homeless = (
            rest & ~orders.housed if kind == "person" else rest & ~orders.housed & (orders.enrolment >= 0)
        )
        self._reason(model, kind, "no household", orders.micros[homeless])
        other = rest & ~homeless
        self._reason(
            model, kind, "no enrolment known" if kind != "person" else "no household", orders.micros[other]
        )

    def check(self, models: Iterable[str], kinds: dict[str, Orders]) -> None:
        """Raise unless credited and unattributed sum to the shop's net revenue, for every model and kind.

        Raises:
            DoesNotAddUp: they do not; the message says where and by how much.
        """
        for model in models:
            for kind, orders in kinds.items():
                left = sum(v[0] for (m, k, _), v in self.reasons.items() if (m, k) == (model, kind))
                gap = orders.total - self.credited[model, kind] - left
                if gap:
                    raise DoesNotAddUp(
                        f"ledger: {model} over {kind} orders is {Decimal(gap) / 10**6} away from the shop's "
                        "total; nothing was published; please report this with `hearthline doctor --json`"
                    )

    def by_channel(self, model: str, kind: str, channel: Ints, channels: int) -> Ints:
        """Return (channels,) credited millionths of one model and kind."""
        total = np.zeros(channels, np.int64)
        for place, _, money, _ in self.parts.get((model, kind, "order"), []):
            np.add.at(total, channel[place], money)
        return total

    def credits(self, channel: Ints) -> pa.Table:
        """Return the table `credits` of the answer."""
        none = np.zeros(0, np.int64)
        tables = [_credit_rows(("", "", ""), none, none, none, np.zeros(0), channel)]
        return pa.concat_tables(
            tables + [self._cell(cell, parts, channel) for cell, parts in self.parts.items()]
        )

    def _cell(
        self, cell: tuple[str, str, str], parts: list[tuple[Ints, Ints, Ints, Floats]], channel: Ints
    ) -> pa.Table:
        place, day, money, count = (np.concatenate(column) for column in zip(*parts, strict=True))
        key, inverse = np.unique(place * 2**20 + day, return_inverse=True)
        total = np.zeros(len(key), np.int64)
        np.add.at(total, inverse, money)
        orders = np.bincount(inverse, weights=count, minlength=len(key)).astype(np.float64)
        return _credit_rows(cell, key >> 20, key & (2**20 - 1), total, orders, channel)

    def summary(self, models: Iterable[str], kinds: dict[str, Orders]) -> pa.Table:
        """Return the table `ledger` of the answer."""
        rows = []
        for model in models:
            for kind, orders in kinds.items():
                credited, shop = self.credited[model, kind], orders.total
                rows.append((model, kind, credited, shop - credited, shop, orders.n))
        columns = list(zip(*rows, strict=True)) or [()] * 6
        money = [decimals(np.array(c, np.int64)) for c in columns[2:5]]
        return pa.table(
            [
                pa.array(columns[0], pa.string()),
                pa.array(columns[1], pa.string()),
                *money,
                pa.array(columns[5], pa.int64()),
            ],
            names=["model", "kind", "credited", "unattributed", "shop", "orders"],
        )

    def unattributed(self) -> pa.Table:
        """Return the table `unattributed` of the answer."""
        cells = [(c, v) for c, v in self.reasons.items() if v[0] or v[1]]
        return pa.table(
            {
                "model": pa.array([c[0] for c, _ in cells], pa.string()),
                "kind": pa.array([c[1] for c, _ in cells], pa.string()),
                "reason": pa.array([c[2] for c, _ in cells], pa.string()),
                "amount": decimals(np.array([v[0] for _, v in cells], np.int64)),
                "orders": pa.array([v[1] for _, v in cells], pa.int64()),
            }
        )


def _credit_rows(
    cell: tuple[str, str, str], place: Ints, day: Ints, amount: Ints, orders: Floats, channel: Ints
) -> pa.Table:
    model, kind, accounting = (pa.array([text] * len(place), pa.string()) for text in cell)
    return pa.table(
        {
            "model": model,
            "kind": kind,
            "place": pa.array(place, pa.int64()),
            "channel": pa.array(channel[place] if len(place) else place, pa.int64()),
            "accounting": accounting,
            "day": pa.array(day.astype(np.int32), pa.int32()).cast(pa.date32()),
            "amount": decimals(amount),
            "orders": pa.array(orders, pa.float64()),
        }
    )
