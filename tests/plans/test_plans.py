"""Curves, splits and lifetimes: what other budgets would bring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.plans import BEND, Responses, allocated, bend_of, lifetimes, summed
from hearthline.schema.errors import BadConfig

money = st.floats(0.1, 1e5)


def responses(revenue=(100.0, 60.0), spend=(10.0, 20.0), error=5.0):
    n = len(spend)
    return Responses.drawn(np.array(spend), np.array(revenue), np.eye(n) * error**2, [(0.7, 0.1)] * n)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(money, st.floats(0.2, 0.95)), min_size=2, max_size=8), st.floats(1.0, 1e4))
def test_a_split_spends_all_and_leaves_no_better_move(channels, total):
    scale, bend = (np.array(column) for column in zip(*channels, strict=True))
    n = len(scale)
    least, most = np.zeros(n), np.full(n, total)
    found = allocated(scale, bend, total, least, most)
    assert found.sum() == pytest.approx(total, rel=1e-6)
    best = (scale * found**bend).sum()
    for giver in range(n):
        for taker in range(n):
            other = found.copy()
            moved = min(0.01 * total, other[giver])
            other[giver] -= moved
            other[taker] += moved
            assert (scale * other**bend).sum() <= best * (1 + 1e-6)


def test_limits_hold_and_what_does_not_fit_is_refused():
    scale, bend = np.array([5.0, 1.0, 0.0]), np.full(3, 0.5)
    least, most = np.array([0.0, 10.0, 2.0]), np.array([20.0, 100.0, 50.0])
    found = allocated(scale, bend, 60.0, least, most)
    assert (found >= least - 1e-9).all()
    assert (found <= most + 1e-9).all()
    assert found.tolist() == pytest.approx([20.0, 38.0, 2.0])
    with pytest.raises(BadConfig, match=r"the limits allow 12\.00 to 170\.00"):
        allocated(scale, bend, 171.0, least, most)


def test_money_that_only_useless_channels_have_room_for_is_spent_there():
    found = allocated(np.array([5.0, 0.0]), np.full(2, 0.5), 30.0, np.zeros(2), np.array([10.0, 50.0]))
    assert found.tolist() == pytest.approx([10.0, 20.0])


def test_the_same_spend_brings_the_same_and_nothing_brings_nothing():
    found = responses()
    assert found.gain(found.spend) == pytest.approx(0.0)
    assert (found.at(np.zeros(2)) == 0.0).all()


def test_twice_the_money_brings_more_but_not_twice_as_much():
    found = responses()
    mean, low, high = summed(found.gain(2 * found.spend))
    assert 0.0 < low < mean < high < 160.0


def test_moving_there_and_back_is_the_same_with_the_other_sign_nearly():
    found = responses(revenue=(100.0, 100.0), spend=(10.0, 10.0), error=0.001)
    there = summed(found.gain(np.array([9.99, 10.01])))[0]
    assert abs(there) < 0.05


def test_doubt_about_credit_widens_what_a_move_brings():
    then = np.array([5.0, 25.0])
    sure, unsure = (summed(responses(error=e).gain(then)) for e in (1.0, 60.0))
    assert unsure[2] - unsure[1] > 2 * (sure[2] - sure[1])


def test_a_bend_is_learned_only_as_far_as_the_past_shows_it():
    spend = np.array([10.0, 20.0, 40.0, 80.0, 15.0, 30.0, 60.0])
    straight, bent = bend_of(spend, 3.0 * spend), bend_of(spend, 3.0 * spend**0.3)
    assert straight[0] == pytest.approx((BEND[0] + 1.0) / 2.0, abs=1e-6)  # at most half of the way
    assert bent[0] < BEND[0]
    assert straight[1] < BEND[1]
    assert bend_of(np.full(9, 10.0), np.full(9, 30.0)) == BEND
    assert bend_of(np.zeros(9), np.zeros(9)) == BEND


def test_a_lifetime_is_orders_times_value_without_what_is_displaced():
    orders = np.linspace(10.0, 13.0, 4_000)
    worth = lifetimes(orders, 20.0, 0.0, 0.0)
    assert summed(worth) == pytest.approx(tuple(20.0 * x for x in summed(orders)))
    assert summed(lifetimes(orders, 20.0, 0.0, 0.5))[0] == pytest.approx(5.75 * 20.0)
    doubted = summed(lifetimes(orders, 20.0, 5.0, 0.0))
    assert doubted[2] - doubted[1] > 3 * np.diff(summed(worth)[1:])[0]
