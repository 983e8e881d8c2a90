"""Timelines cut into journeys, with the hours that each spent in which stratum."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.journeys import ENROLMENT, ORDER, Layout, split
from hearthline.journeys.timeline import ENDED, MACHINE_ORDER, STOCK

DAY = 86_400_000
LAYOUT = Layout(
    channel=np.array([0, 1]),
    lookback_h=np.array([720.0, 720.0]),
    direct=np.array([False, False]),
    first_ms=0,
    last_ms=100 * DAY,
    segment_unit=np.array([5]),
    segment_code=np.array([2]),
    segments=4,
)


def mark(day: float, code: int) -> int:
    return int(day * DAY) * 2**20 + code


def lists(*households: list[int]) -> pa.ListArray:
    return pa.array([sorted(h) for h in households], pa.list_(pa.int64()))


def test_orders_end_journeys_and_machine_orders_do_not() -> None:
    marks = lists(
        [mark(1, 0), mark(2, ORDER), mark(3, MACHINE_ORDER), mark(4, 1), mark(5, ORDER)], [mark(3, 1)]
    )
    journeys = split(np.array([5, 9]), marks, ORDER, LAYOUT).journeys
    assert journeys.unit.tolist() == [5, 5, 5, 9]
    assert journeys.converted.tolist() == [True, True, False, False]
    assert journeys.channel.tolist() == [0, 1, 1]
    assert journeys.lengths.tolist() == [1, 1, 0, 1]
    assert (journeys.gap_h / 24).tolist() == [1, 1, 97]


def test_touches_while_enrolled_led_to_no_enrolment() -> None:
    marks = lists([mark(1, 0), mark(2, ENROLMENT), mark(3, 1), mark(10, ENDED), mark(11, 0)])
    journeys = split(np.array([5]), marks, ENROLMENT, LAYOUT).journeys
    assert journeys.channel.tolist() == [0, 0]
    hours = np.asarray(journeys.strata_h.sum(axis=1)).ravel() / 24
    assert hours.tolist() == [2, 90]


def test_a_touch_comes_again_within_a_day_after_another_of_its_channel_also_over_an_order() -> None:
    marks = lists(
        [mark(1, 0), mark(1.5, ORDER), mark(1.9, 0), mark(1.95, 1), mark(2.8, 0), mark(4, 0)], [mark(1.2, 0)]
    )
    journeys = split(np.array([5, 9]), marks, ORDER, LAYOUT, reach=True).journeys
    own = journeys.gap_h <= journeys.span_h[journeys.row]
    assert journeys.again[own].tolist() == [False, True, False, True, False, False]
    assert not split(np.array([5, 9]), marks, ORDER, LAYOUT).journeys.again.any()


codes = st.sampled_from([0, 1, ORDER, ENROLMENT, ENDED, MACHINE_ORDER])
household = st.lists(st.tuples(st.floats(0, 99), codes), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(household, min_size=1, max_size=5))
def test_no_touch_is_lost_no_hour_is_counted_twice_and_batches_do_not_matter(homes) -> None:
    marks = lists(*([mark(day, code) for day, code in home] for home in homes))
    units = np.arange(len(homes)) * 7 + 5
    whole = split(units, marks, ORDER, LAYOUT).journeys
    assert len(whole.channel) == sum(code in (0, 1) for home in homes for _, code in home)
    assert whole.n == len(homes) + sum(code == ORDER for home in homes for _, code in home)
    assert (whole.gap_h >= 0).all()
    np.testing.assert_allclose(np.asarray(whole.strata_h.sum(axis=1)).ravel(), whole.span_h, atol=1e-6)
    apart = [split(units[i : i + 1], marks[i : i + 1], ORDER, LAYOUT).journeys for i in range(len(homes))]
    assert np.concatenate([p.channel for p in apart]).tolist() == whole.channel.tolist()
    assert np.concatenate([p.stratum for p in apart]).tolist() == whole.stratum.tolist()


def test_hours_are_told_apart_by_what_is_left_at_home() -> None:
    home = [mark(2, STOCK + 3), mark(6, STOCK + 1), mark(8, STOCK), mark(9, ORDER)]
    journeys = split(np.array([1]), lists(home), ORDER, LAYOUT).journeys
    before = journeys.strata_h[[0]].toarray().ravel()
    assert sorted((before[before > 0] / 24).round(6).tolist()) == [1.0, 2.0, 2.0, 4.0]
    assert before[journeys.stratum[0]] == pytest.approx(24.0)


def test_a_delivery_under_way_is_a_stratum_of_its_own() -> None:
    journeys = split(np.array([1]), lists([mark(1, ORDER), mark(5, ORDER)]), ORDER, LAYOUT).journeys
    between = journeys.strata_h[[1]].toarray().ravel()
    assert sorted((between[between > 0] / 24).round(6).tolist()) == [1.0, 3.0]


def test_touches_reach_over_orders_and_enrolments_cut():
    home = [mark(1, 0), mark(2, ORDER), mark(3, 1), mark(4, ENROLMENT), mark(6, ENDED), mark(40, ORDER)]
    reached = split(np.array([5]), lists(home), ORDER, LAYOUT, reach=True)
    journeys = reached.journeys
    assert journeys.converted.tolist() == [True, False, False, True, False]
    assert journeys.held.tolist() == [False, False, True, False, False]
    days = [list(zip(journeys.channel[a:b].tolist(), (journeys.gap_h[a:b] / 24).tolist(), strict=True))
            for a, b in zip(journeys.offsets[:-1], journeys.offsets[1:], strict=True)]  # fmt: skip
    assert days[0] == [(0, 1.0)]
    assert days[1] == [(0, 3.0), (1, 1.0)]
    assert days[2] == [(0, 5.0), (1, 3.0)]
    assert days[3] == [(0, 39.0), (1, 37.0)]  # watched for a part of their window only
    assert journeys.within_lookback().lengths.tolist() == [1, 2, 2, 2, 0]
    assert journeys.in_view().lengths.tolist() == [1, 2, 2, 0, 0]
    assert journeys.strata_h.sum() == split(np.array([5]), lists(home), ORDER, LAYOUT).journeys.strata_h.sum()


def test_touches_during_an_enrolment_count_for_the_next_one_from_its_end_on():
    home = [mark(1, 0), mark(2, ENROLMENT), mark(3, 1), mark(4, ENDED), mark(9, ENROLMENT)]
    journeys = split(np.array([5]), lists(home), ENROLMENT, LAYOUT, reach=True).journeys
    assert journeys.converted.tolist() == [True, False, True, False]
    assert journeys.lengths.tolist() == [1, 0, 2, 0]
    assert journeys.gap_h[1:].tolist() == [8 * 24.0, 6 * 24.0]
