from decimal import Decimal

import numpy as np
import pytest

from hearthline.sim import Truth, load, simulate, truth, worlds
from hearthline.sim.channels import NAMES
from hearthline.sim.life import ALL_ON, block_of, live
from hearthline.sim.truth import KINDS

HOMES, DAYS, SEED = 700, 40, 11


@pytest.fixture(scope="module", params=worlds())
def told(request: pytest.FixtureRequest) -> Truth:
    return truth(request.param, HOMES, DAYS, SEED)


def test_the_null_channel_has_exactly_no_effect(told: Truth) -> None:
    null = [e for e in told.effects if e.channel == "wearable"]
    assert len(null) == len(KINDS)
    for effect in null:
        assert (effect.off_revenue, effect.off_orders) == (0, 0)
        assert (effect.shapley_revenue, effect.shapley_orders) == (0, 0)
    assert told.touches["wearable"] > 500


def test_shapley_values_sum_to_what_all_channels_cause(told: Truth) -> None:
    for total in told.totals:
        shares = [e for e in told.effects if e.kind == total.kind]
        caused = total.revenue - total.revenue_without
        assert abs(sum(e.shapley_revenue or 0 for e in shares) - caused) < Decimal("1e-12")
        orders = sum(e.shapley_orders or 0 for e in shares)
        assert abs(orders - (total.orders - total.orders_without)) < 1e-9


def test_shapley_values_agree_with_the_definition_over_orders_of_arrival() -> None:
    """Average marginal gain over random arrival orders, on one small block."""
    rng = np.random.default_rng(0)
    block, world = block_of(SEED, 0, 200, 30), load("multiplicative")
    known: dict[bytes, int] = {}

    def orders(on: np.ndarray) -> int:
        if (key := on.tobytes()) not in known:
            known[key] = sum(int(day.person.sum()) for day in live(block, world, on))
        return known[key]

    gains = []
    for _ in range(400):
        on, gained = ~ALL_ON, np.zeros(len(NAMES))
        before = orders(on)
        for i in rng.permutation(len(NAMES)):
            on = on.copy()
            on[i] = True
            gained[i] = (after := orders(on)) - before
            before = after
        gains.append(gained)
    mean, error = np.mean(gains, axis=0), np.std(gains, axis=0) / 20
    told = truth("multiplicative", 200, 30, SEED)
    exact = np.array([e.shapley_orders for e in told.effects if e.kind == "person"])
    assert (np.abs(mean - exact) <= 4 * error + 1e-9).all()


def test_kinds_add_up(told: Truth) -> None:
    for name in NAMES:
        person, automated, both = (e for e in told.effects if e.channel == name)
        assert person.off_orders + automated.off_orders == both.off_orders
        assert person.off_revenue + automated.off_revenue == both.off_revenue


def test_with_everything_off_only_base_orders_remain(told: Truth) -> None:
    bare = simulate(told.world, HOMES, DAYS, SEED, on=~ALL_ON)
    assert bare.touches.num_rows == 0
    everything = next(t for t in told.totals if t.kind == "all")
    assert bare.orders.num_rows == everything.orders_without > 0
    assert Decimal(sum(bare.orders["net"].to_pylist())) / 100 == everything.revenue_without


def test_base_orders_are_the_same_in_every_world() -> None:
    bare = [simulate(name, 300, 60, 3, on=~ALL_ON).orders for name in worlds()]
    assert all(table.equals(bare[0]) for table in bare)


def test_totals_are_those_of_the_story(told: Truth) -> None:
    story = simulate(told.world, HOMES, DAYS, SEED)
    everything = next(t for t in told.totals if t.kind == "all")
    assert story.orders.num_rows == everything.orders
    assert Decimal(sum(story.orders["net"].to_pylist())) / 100 == everything.revenue
    assert story.touches.num_rows == sum(told.touches.values())


def test_alerts_cause_nothing_or_next_to_nothing(told: Truth) -> None:
    alert = next(e for e in told.effects if e.channel == "sensor-alert" and e.kind == "all")
    total = next(t for t in told.totals if t.kind == "all")
    assert abs(alert.off_orders) <= 0.01 * total.orders
    assert told.touches["sensor-alert"] > 1000


def test_appliance_proposals_cause_most_of_automated_orders() -> None:
    told = truth("additive", 2000, 90, 5, shapley=False)
    automated = [e for e in told.effects if e.kind == "automated"]
    assert max(automated, key=lambda e: e.off_orders).channel == "appliance"


def test_a_machine_order_replaces_part_of_a_hand_order() -> None:
    for name in worlds():
        assert 0.3 < truth(name, 2000, 90, 5, shapley=False).displacement < 0.95


def test_without_shapley_only_the_switches_are_told() -> None:
    told = truth("additive", 100, 30, 1, shapley=False)
    assert all(e.shapley_revenue is None for e in told.effects)
    assert told.table()["shapley_orders"].null_count == len(NAMES) * len(KINDS)
    full = truth("additive", 100, 30, 1)
    assert [e.off_revenue for e in told.effects] == [e.off_revenue for e in full.effects]


def test_progress_goes_up_to_one() -> None:
    seen: list[float] = []
    truth("additive", 20, 10, 1, progress=seen.append)
    assert seen == sorted(seen)
    assert 0.9 < seen[-1] <= 1
