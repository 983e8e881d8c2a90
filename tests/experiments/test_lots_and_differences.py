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


def held(on, off, runs, before=False, homes_each=1):
    """Return how often the interval of one look holds a true difference of 0, with units of a normal law."""
    rng, held = np.random.default_rng(9), 0
    unit = np.repeat(np.arange(on + off), homes_each)
    for _ in range(runs):
        usual, now, then = rng.normal(size=(3, on + off))
        taken, past = (usual + now)[unit], (usual + then)[unit] if before else None
        found = difference(taken, unit >= on, past, unit if homes_each > 1 else None)
        held += found.low <= 0.0 <= found.high
    return held / runs


@pytest.mark.parametrize(("on", "off"), [(97, 3), (40, 4), (3, 57)])
def test_the_interval_of_one_look_holds_where_one_arm_is_small(on, off):
    assert 0.865 < held(on, off, 1500) < 0.925


@pytest.mark.parametrize(("on", "off"), [(97, 3), (40, 4), (4, 4)])
def test_so_it_does_where_the_time_before_is_taken_out(on, off):
    assert 0.865 < held(on, off, 1500, before=True) < 0.925


def test_so_it_does_where_few_regions_are_off():
    assert 0.865 < held(40, 4, 1500, homes_each=3) < 0.925


def test_regions_of_another_size_count_by_their_homes():
    taken = np.array([10.0, 10.0, 10.0, 10.0, 4.0, 5.0, 6.0, 1.0, 2.0, 3.0])
    region = np.array([0, 0, 0, 0, 1, 2, 3, 4, 5, 6])
    found = difference(taken, region > 3, cluster=region)
    assert (found.each, found.clusters) == (pytest.approx(55 / 7 - 2.0), 7)


def test_the_time_before_counts_whether_it_helps_or_not():
    rng = np.random.default_rng(3)
    found = [difference(rng.normal(size=30), np.arange(30) < 15, rng.normal(size=30)) for _ in range(50)]
    assert min(d.saved for d in found) < 0.0
    assert np.mean([d.saved for d in found]) > -0.1


def test_a_region_in_both_arms_is_refused_whatever_the_order_of_the_rows():
    region = np.repeat(np.arange(7), 3)
    off = region >= 4
    off[0] = True
    for rows in (np.arange(21), np.arange(21)[::-1]):
        with pytest.raises(NothingToAnswer, match="regions that are in both arms; got 1 of 7"):
            difference(np.ones(21), off[rows], cluster=region[rows])


def test_looking_for_a_thousand_days_cries_wolf_seldom_though_nothing_was_planned():
    rng, looks = np.random.default_rng(6), np.unique(np.geomspace(1, 1000, 40).astype(int))
    off, alarms = np.arange(24) % 2 == 0, 0
    for _ in range(400):
        steps = rng.normal(size=(len(looks), 24)) * np.sqrt(np.diff(looks, prepend=0))[:, None]
        days = zip(steps.cumsum(axis=0), looks / 1000, strict=True)
        seen = [difference(takings, off, over=over) for takings, over in days]
        alarms += any(not s.always_low <= 0.0 <= s.always_high for s in seen)
    assert alarms / 400 < 0.06


def test_the_interval_for_any_day_is_tightest_at_the_end_that_today_is_carried_on_to():
    before, after, off = homes(800)
    early, late, told = (
        difference(after, off, before, **how) for how in ({"over": 0.1}, {}, {"planned": 1e3, "over": 0.1})
    )
    variance = early.error**2
    same = difference(after, off, before, planned=10.0 * variance)
    assert early.always_high == pytest.approx(same.always_high)
    assert early.always_high > late.always_high
    assert told.always_high == difference(after, off, before, planned=1e3).always_high


def test_where_nothing_was_bought_yet_what_was_planned_says_how_much_is_open():
    off = np.arange(20) % 2 == 0
    assert difference(np.zeros(20), off, planned=4.0).always_high > 1.0
    assert difference(np.zeros(20), off).always_high == 0.0


def test_two_units_in_an_arm_are_too_few():
    with pytest.raises(NothingToAnswer, match="got 5, 2; assign at least three"):
        difference(np.ones(7), np.arange(7) < 2)


def test_arms_of_another_size_than_the_lot_promised_are_noticed():
    assert abs(balanced(5040, 4960, 0.5)) < 2
    assert balanced(5500, 4500, 0.5) < -4
