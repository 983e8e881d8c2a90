"""Exact money."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.attribution import split


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 10**14), st.lists(st.floats(0.001, 1.0), min_size=1, max_size=9)), max_size=8
    )
)
def test_every_micro_is_paid_once(orders: list[tuple[int, list[float]]]) -> None:
    values = np.array([value for value, _ in orders], dtype=np.int64)
    pulls = [np.array(p) / np.sum(p) for _, p in orders]
    shares = np.concatenate([np.zeros(0), *pulls])
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in pulls])]).astype(np.int64)
    amounts = split(values, shares, offsets)
    assert np.all(amounts >= 0)
    sums = [int(amounts[a:b].sum()) for a, b in pairwise(offsets)]
    assert sums == values.tolist()
    nearest = shares * np.repeat(values, np.diff(offsets))
    assert np.all(np.abs(amounts - nearest) <= 10.0)


def test_a_part_that_no_touch_earned_stays_unpaid() -> None:
    assert split(np.array([1_000_001]), np.array([0.25, 0.5]), np.array([0, 2])).tolist() == [
        250_000,
        500_000,
    ]


def test_the_largest_share_takes_what_is_left_over_and_of_equals_the_last() -> None:
    assert split(np.array([100]), np.array([0.335, 0.33, 0.335]), np.array([0, 3])).tolist() == [33, 33, 34]
    assert split(np.array([101]), np.array([0.5, 0.25, 0.25]), np.array([0, 3])).tolist() == [51, 25, 25]


def test_journeys_without_touches_or_without_credit_are_left_out() -> None:
    amounts = split(np.array([5, 7, 9]), np.array([1.0, 0.0]), np.array([0, 0, 1, 2]))
    assert amounts.tolist() == [7, 0]
    assert split(np.array([5]), np.zeros(0), np.array([0, 0])).tolist() == []


def test_a_negative_value_is_split_like_its_opposite() -> None:
    assert split(np.array([-100]), np.array([1 / 3, 2 / 3]), np.array([0, 2])).tolist() == [-33, -67]
