"""Who leaves is seen from falling use, and where nobody leaves nothing is said."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from hearthline.signals import Asked, asked_of, churn
from hearthline.signals._leaving import GROUPS, Days, gone, left, traits

START, DAYS = date(2025, 1, 1), 260
ASKED = asked_of("churn", Asked(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=DAYS)), {})


def town(homes: int, *, leaving: bool) -> dict[str, pa.Table]:
    """Homes use their devices about every other day; those who leave use them ever less in four weeks."""
    random = np.random.default_rng(3)
    stop = np.where(random.random(homes) < 0.5, random.integers(60, DAYS + 25, homes), 9999)
    if not leaving:
        stop[:] = 9999
    day = np.arange(DAYS)
    fade = np.clip((stop[:, None] - day) / 28, 0, 1)
    uses = random.poisson(1.2 * fade)
    unit, at = np.nonzero(uses)
    return {
        "daily_use": pa.table(
            {
                "unit": pa.array(unit + 100),
                "day": pa.array([START + timedelta(days=int(d)) for d in at]),
                "uses": pa.array(uses[unit, at]),
                "acts": pa.array(uses[unit, at]),
                "errors": pa.array(np.zeros(len(unit), dtype=np.int64)),
            }
        ),
        "daily_orders": pa.table({"unit": pa.array([], pa.int64()), "day": pa.array([], pa.date32())}),
        "stop": pa.table({"stop": stop}),
    }


@pytest.fixture(scope="module")
def fading():
    seen = town(700, leaving=True)
    stop = seen.pop("stop")["stop"].to_numpy()
    return stop, churn.derive(seen, ASKED)


def test_homes_that_fade_have_a_higher_chance_than_homes_that_stay(fading):
    stop, made = fading
    rows = [r for r in made["churn"].to_pylist() if r["chance"] is not None]
    fades = [r["chance"] for r in rows if stop[r["unit"] - 100] < DAYS + 25]
    stays = [r["chance"] for r in rows if stop[r["unit"] - 100] == 9999]
    assert np.mean(fades) > 0.5
    assert np.mean(stays) < 0.25


def test_the_reasons_of_homes_at_risk_are_their_use(fading):
    rows = [r for r in fading[1]["churn"].to_pylist() if (r["chance"] or 0) > 0.5]
    assert {r["reason"] for r in rows} <= {
        "falling use", "fewer days of use", "few days of use", "a pause longer than usual"
    }  # fmt: skip


def test_a_home_that_stopped_long_ago_is_silent_and_not_judged(fading):
    stop, made = fading
    silent = [r for r in made["churn"].to_pylist() if r["state"] == "silent"]
    assert silent
    assert all(r["chance"] is None and r["silent_days"] >= 28 for r in silent)
    assert all(stop[r["unit"] - 100] < DAYS for r in silent)


def test_each_likely_leaver_is_an_event(fading):
    made = fading[1]
    likely = [r for r in made["churn"].to_pylist() if (r["chance"] or 0) >= 0.5]
    assert sorted(r["unit"] for r in likely) == sorted(made["derived"]["unit"].to_pylist())


def test_where_nobody_leaves_nothing_is_said():
    seen = town(100, leaving=False)
    del seen["stop"]
    made = churn.derive(seen, ASKED)
    assert made["churn"]["chance"].null_count == 100
    assert made["churn_model"]["departures"][0].as_py() == 0
    assert made["derived"].num_rows == 0


def days(uses: list[int]) -> Days:
    day = np.array(uses)
    one = np.ones(len(day))
    none = np.zeros(0, dtype=np.int64)
    return Days(np.zeros(len(day), dtype=np.int64), day, one, 0 * one, none, none, np.array([0]), one)


def test_gone_left_and_staying_are_told_apart_by_what_comes_after():
    assert [bool(f(days([90, 100]), 100)[0]) for f in (gone, left)] == [True, True]
    assert [bool(f(days([90, 110]), 100)[0]) for f in (gone, left)] == [False, True]
    assert [bool(f(days([90, 140]), 100)[0]) for f in (gone, left)] == [False, False]


def test_traits_do_not_see_what_comes_after_the_day():
    early, late = days([10, 50, 90]), days([10, 50, 90, 101, 130])
    assert np.array_equal(traits(early, 100), traits(late, 100))
    assert traits(early, 100).shape == (1, len(GROUPS))
