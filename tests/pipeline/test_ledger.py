"""The ledger adds up to the micro-unit, or nothing is published."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.pipeline.credit.batches import Owed
from hearthline.pipeline.credit.ledger import Ledger, decimals
from hearthline.pipeline.credit.orders import Orders
from hearthline.schema.errors import DoesNotAddUp
from hearthline.schema.journey import journeys_of


def owed(micros: list[int], payable: list[int]) -> Owed:
    n = len(micros)
    times = np.arange(n, dtype=np.int64) * 86_400_000
    journeys = journeys_of([(0, 1)] * n, value=[m / 1e6 for m in micros])
    return Owed(journeys, np.arange(n), np.array(micros), np.array(payable), times, times)


def orders(micros: list[int]) -> Orders:
    n = len(micros)
    zeros = np.zeros(n, np.int64)
    ids = pa.array([str(i) for i in range(n)])
    return Orders(
        ids, ids.dictionary_encode(), zeros, np.ones(n, bool), zeros, np.array(micros), zeros - 1, zeros
    )


amounts = st.lists(st.integers(0, 10**12), min_size=1, max_size=5)


@settings(deadline=None, max_examples=50)
@given(amounts, st.floats(0, 0.5), st.floats(0, 0.5))
def test_credited_and_unattributed_are_the_shop_to_the_micro_unit(micros, first, second) -> None:
    ledger = Ledger()
    shares = np.tile([first, second], len(micros))
    ledger.credit("m", "person", owed(micros, [m // 2 for m in micros]), shares)
    ledger.leave("m", "person", orders(micros), np.arange(len(micros)))
    ledger.check(["m"], {"person": orders(micros)})
    row = ledger.summary(["m"], {"person": orders(micros)}).to_pylist()[0]
    assert row["credited"] + row["unattributed"] == row["shop"]
    assert int(row["shop"] * 10**6) == sum(micros)
    total = sum(r["amount"] for r in ledger.unattributed().to_pylist())
    assert total == row["unattributed"]


def test_a_ledger_that_lost_a_micro_unit_is_not_published() -> None:
    ledger = Ledger()
    ledger.credit("m", "person", owed([10_000_000], [10_000_000]), np.array([0.5, 0.5]))
    ledger.credited["m", "person"] -= 1
    with pytest.raises(DoesNotAddUp, match=r"m over person orders is 0\.000001 away"):
        ledger.check(["m"], {"person": orders([10_000_000])})


def test_an_order_that_no_journey_met_is_missed_by_the_check() -> None:
    ledger = Ledger()
    ledger.credit("m", "person", owed([5], [5]), np.array([0.5, 0.5]))
    with pytest.raises(DoesNotAddUp):
        ledger.check(["m"], {"person": orders([5, 7])})
    ledger.leave("m", "person", orders([5, 7]), np.array([0]))
    ledger.check(["m"], {"person": orders([5, 7])})


def test_both_days_of_accounting_hold_the_same_money() -> None:
    ledger = Ledger()
    ledger.credit("m", "person", owed([9_999_999, 1], [9_999_999, 1]), np.array([0.3, 0.7, 0.3, 0.7]))
    rows = ledger.credits(np.array([0, 1])).to_pylist()
    by_day = {a: sum(r["amount"] for r in rows if r["accounting"] == a) for a in ("order", "touch")}
    assert by_day["order"] == by_day["touch"]
    assert int(by_day["order"] * 10**6) == 10_000_000


@given(st.lists(st.integers(-(2**62), 2**62), max_size=5))
def test_millionths_become_the_same_decimals(micros) -> None:
    shown = decimals(np.array(micros, np.int64)).to_pylist()
    assert [int(d.scaleb(6)) for d in shown] == micros
