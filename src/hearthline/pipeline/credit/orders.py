"""The shop's money as arrays: orders and enrolments in the order in which timelines meet them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.schema.errors import BadConfig
from hearthline.schema.journey import Bools, Ints
from hearthline.store.engine import Engine

_MOST = 2**62 // 10**6
_HOUSED_FIRST = "CASE WHEN unit IS NULL THEN 1 ELSE 0 END, unit"  # engines differ in where NULL sorts

__all__ = ["Book", "Enrolments", "Orders", "open_book"]


@dataclass(frozen=True, slots=True)
class Orders:
    """Placed orders of one kind; `micros` is net revenue in millionths of the reporting currency.

    `shop` and `id` together name an order: two shops may number theirs alike.

    Those of persons are sorted by household and time, so that a household's k-th order mark is its
    k-th row. `unit` is 0 and `housed` False where no household was found.
    """

    id: pa.Array
    shop: pa.DictionaryArray
    unit: Ints
    housed: Bools
    time_ms: Ints
    micros: Ints
    enrolment: Ints
    cycle: Ints

    @property
    def n(self) -> int:
        """Number of orders."""
        return len(self.unit)

    @property
    def total(self) -> int:
        """Net revenue in millionths."""
        return int(self.micros.sum())


@dataclass(frozen=True, slots=True)
class Enrolments:
    """Enrolments sorted by household and time; `ended_ms` is the largest number where they go on."""

    id: pa.Array
    kind: pa.Array
    unit: Ints
    housed: Bools
    time_ms: Ints
    ended_ms: Ints


@dataclass(frozen=True, slots=True)
class Book:
    """All placed orders by kind, and all enrolments."""

    person: Orders
    subscription: Orders
    machine: Orders
    enrolments: Enrolments

    def kinds(self) -> dict[str, Orders]:
        """Return the orders by kind; the kinds are disjoint and are all orders."""
        return {"person": self.person, "subscription": self.subscription, "machine": self.machine}


def open_book(engine: Engine) -> Book:
    """Return the book of the orders on the engine.

    Raises:
        BadConfig: the shop's revenue is too large for sums of whole millionths.
    """
    _fits(engine)
    known = engine.table(
        "SELECT enrolment_id, kind, unit, as_ms(time_us) AS time_ms, as_ms(ended_us) AS ended_ms "
        f"FROM homed_enrolments ORDER BY {_HOUSED_FIRST}, time_us, enrolment_id"
    )
    names = known["enrolment_id"].combine_chunks()
    unit, housed = _unit(known)
    enrolments = Enrolments(
        id=names,
        kind=known["kind"].combine_chunks(),
        unit=unit,
        housed=housed,
        time_ms=_ints(known["time_ms"]),
        ended_ms=_ints(pc.fill_null(known["ended_ms"], np.iinfo(np.int64).max)),
    )
    return Book(
        person=_orders(engine, "person", names),
        subscription=_orders(engine, "subscription", names),
        machine=_orders(engine, "machine", names),
        enrolments=enrolments,
    )


def _fits(engine: Engine) -> None:
    """Raise where sums of millionths, and intervals around them, could leave 64 bits."""
    net = engine.table("SELECT sum(net) AS net FROM orders WHERE status = 'placed'")["net"][0].as_py()
    if net is not None and net > _MOST:
        raise BadConfig(
            f"money: too much to add up to the millionth; got net revenue of {net:,.0f} in the reporting "
            f"currency, the most is {_MOST:,}; set [money] currency to one of larger coins, with its rates"
        )


def _orders(engine: Engine, kind: str, enrolments: pa.Array) -> Orders:
    rows = engine.table(
        "SELECT order_id, shop, unit, as_ms(time_us) AS time_ms, CAST(net * 1000000 AS BIGINT) AS micros, "
        f"enrolment, coalesce(cycle, 0) AS cycle FROM orders WHERE status = 'placed' AND kind = '{kind}' "
        f"ORDER BY {_HOUSED_FIRST}, time_us, order_id, shop"
    )
    unit, housed = _unit(rows)
    at = pc.index_in(rows["enrolment"].combine_chunks(), value_set=enrolments)
    return Orders(
        id=rows["order_id"].combine_chunks(),
        shop=rows["shop"].combine_chunks().dictionary_encode(),
        unit=unit,
        housed=housed,
        time_ms=_ints(rows["time_ms"]),
        micros=_ints(rows["micros"]),
        enrolment=at.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64),
        cycle=_ints(rows["cycle"]),
    )


def _unit(rows: pa.Table) -> tuple[Ints, Bools]:
    unit = rows["unit"].combine_chunks()
    housed = unit.is_valid().to_numpy(zero_copy_only=False)
    return unit.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64), housed


def _ints(column: pa.ChunkedArray) -> Ints:
    whole: Ints = column.to_numpy().astype(np.int64)
    return whole
