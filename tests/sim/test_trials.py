"""An experiment in a simulated town: nothing but the switch differs, and every other town stays as it was."""

import csv

import numpy as np
import pyarrow.parquet as pq

from hearthline import sim

TRIAL = sim.Trial(("smart-tv", "search-ads"), first_day=20, seed=4)


def test_a_town_without_a_trial_is_the_town_that_it_was(tmp_path):
    for name, trial in (("plain", None), ("never", sim.Trial(("smart-tv",), first_day=10_000))):
        sim.write_lake("additive", 60, 40, 1, tmp_path / name, trial=trial)
    read = [pq.read_table(tmp_path / n / "events-00000.parquet") for n in ("plain", "never")]
    assert read[0].equals(read[1])


def test_a_tested_channel_is_silent_in_its_homes_from_its_day_on_and_nowhere_else():
    on = TRIAL.on(0, 500)
    story = sim.simulate("additive", 500, 60, 1, on=on).touches.to_pandas()
    days = (story["time"] // 86_400_000_000) - story["time"].min() // 86_400_000_000
    for channel in TRIAL.channels:
        off = np.flatnonzero(TRIAL.is_off(channel, 0, 500))
        seen = story[(story["channel"] == channel) & (days >= 21)]
        assert not seen["home"].isin(off).any()
        assert len(seen)
        assert story[(story["channel"] == channel) & (days < 19)]["home"].isin(off).any()


def test_lots_of_two_channels_are_independent_and_another_seed_is_another_lot():
    one, other = (TRIAL.is_off(c, 0, 2000) for c in TRIAL.channels)
    assert abs((one & other).mean() - 0.25) < 0.04
    assert (one != sim.Trial(TRIAL.channels, seed=5).is_off("smart-tv", 0, 2000)).any()


def test_the_arms_are_told_home_by_home(tmp_path):
    files = sim.write_arms(TRIAL, 300, tmp_path)
    assert [f.name for f in files] == ["arms-smart-tv.csv", "arms-search-ads.csv"]
    rows = list(csv.DictReader(files[0].open()))
    assert [r["arm"] == "off" for r in rows] == TRIAL.is_off("smart-tv", 0, 300).tolist()
    assert rows[7]["identifier"] == "customer:user-000007-0"


def test_truth_of_a_town_with_a_trial_counts_what_was_on():
    plain = sim.truth("additive", 300, 60, 1, shapley=False)
    tried = sim.truth("additive", 300, 60, 1, shapley=False, trial=TRIAL)
    for told in (plain, tried):
        assert [e.off_orders for e in told.effects if e.channel == "wearable"] == [0, 0, 0]
    assert tried.touches["smart-tv"] < 0.8 * plain.touches["smart-tv"]
    assert tried.touches["wearable"] == plain.touches["wearable"]


def test_takings_are_what_the_shop_took():
    told = sim.truth("additive", 200, 50, 3, shapley=False)
    taken = sim.takings("additive", 200, 50, 3)
    assert [int(t.revenue * 100) for t in told.totals][:2] == taken.sum(axis=(1, 2)).tolist()


def test_a_channel_without_effect_moves_no_cent():
    off = np.array([name != "wearable" for name in sim.CHANNEL_NAMES])
    assert (sim.takings("additive", 200, 50, 3) == sim.takings("additive", 200, 50, 3, off)).all()
