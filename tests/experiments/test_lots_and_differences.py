"""Who is left out, and what an experiment shows so far."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearthline.experiments import balanced, difference, keys_of, off_by_lot
from hearthline.schema.errors import NothingToAnswer


def homes(n=4000, effect=0.0, seed=1):
    """Return takings before, takings after, and the arms; the effect is lost where the channel is off."""
    rng = np.random.default_rng(seed)
    usual, off = rng.gamma(2.0, 10.0, n), off_by_lot(np.arange(n), f"t{seed}")
    return usual + rng.gamma(1.0, 5.0, n), usual + rng.gamma(1.0, 5.0, n) + effect * ~off, off


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50), st.text(max_size=20))
def test_a_lot_depends_on_the_household_and_the_name_alone(units, name):
    keys = np.array(units, np.int64)
    alone = [bool(off_by_lot(keys[[i]], name)[0]) for i in range(len(keys))]
    assert off_by_lot(keys, name).tolist() == alone


@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
def test_as_many_are_off_as_was_asked_for(part):
    assert off_by_lot(np.arange(40_000), "x", part).mean() == pytest.approx(part, abs=0.01)


def test_lots_of_two_experiments_are_independent():
    one, other = (off_by_lot(np.arange(40_000), name) for name in ("tv", "radio"))
    assert (one & other).mean() == pytest.approx(0.25, abs=0.01)


def test_regions_have_keys_of_their_own():
    assert len(set(keys_of([f"region {i}" for i in range(500)]).tolist())) == 500


def test_the_effect_lies_in_both_intervals_and_the_past_sharpens_them():
    before, after, off = homes(effect=2.0)
    found, plain = difference(after, off, before), difference(after, off)
    assert found.low < 2.0 < found.high
    assert found.always_low < found.low
    assert found.always_high > found.high
    assert found.error < 0.6 * plain.error
    assert found.saved > 0.5


def test_intervals_hold_as_often_as_they_promise():
    runs = [difference(after, off, before) for before, after, off in (homes(800, 1.0, s) for s in range(200))]
    assert 0.84 < np.mean([d.low <= 1.0 <= d.high for d in runs]) < 0.96
    assert np.mean([d.always_low <= 1.0 <= d.always_high for d in runs]) > 0.95


def test_looking_every_day_cries_wolf_with_the_plain_interval_only():
    rng, daily, always, plain = np.random.default_rng(5), 40, 0, 0
    for run in range(100):
        off = off_by_lot(np.arange(400), f"run {run}")
        takings = rng.gamma(0.2, 10.0, (daily, 400)).cumsum(axis=0)
        planned = difference(takings[-1], off).error ** 2
        looks = [difference(day, off, planned=planned) for day in takings]
        always += any(not d.always_low <= 0.0 <= d.always_high for d in looks)
        plain += any(not d.low <= 0.0 <= d.high for d in looks)
    assert always <= 12
    assert plain > 30


def test_regions_are_the_sample_where_regions_were_assigned():
    rng = np.random.default_rng(2)
    region = np.arange(4000) % 40
    takings = rng.gamma(2.0, 10.0, 4000) + rng.normal(0.0, 8.0, 40)[region]
    off = off_by_lot(region, "regions")
    by_home, by_region = difference(takings, off), difference(takings, off, cluster=region)
    assert by_region.clusters == 40
    assert by_region.error > 3 * by_home.error


def test_two_units_in_an_arm_are_too_few():
    with pytest.raises(NothingToAnswer, match="got 5, 2; assign at least three"):
        difference(np.ones(7), np.arange(7) < 2)


def test_arms_of_another_size_than_the_lot_promised_are_noticed():
    assert abs(balanced(5040, 4960, 0.5)) < 2
    assert balanced(5500, 4500, 0.5) < -4
