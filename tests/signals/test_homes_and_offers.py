"""Shelves, what enrolments displace, conditions, moments and offers, on small worlds that are known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from hearthline import signals
from hearthline.signals import Asked
from hearthline.signals._offers import chances, choices, learn

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
WHEN = pa.timestamp("us", tz="UTC")


def derived(name, seen, **options):
    made = signals.load(name).derive(seen, signals.asked_of(name, Asked(AS_OF), options))
    return {table: rows.to_pylist() for table, rows in made.items()}


def hand(orders):
    return pa.table(
        {
            "unit": pa.array([u for u, _ in orders], pa.int64()),
            "time": pa.array([AS_OF - timedelta(days=d) for _, d in orders], WHEN),
        }
    )


def test_an_enrolment_displaces_what_homes_alike_still_order():
    weekly = [(u, d) for u in range(1, 21) for d in np.arange(1.5, 120, 7)]
    enrolled = [(99, d) for d in np.arange(1.5, 120, 7) if d > 60]
    decisions = pa.table(
        {
            "enrolment_id": ["e"],
            "unit": [99],
            "time": pa.array([AS_OF - timedelta(days=60)], WHEN),
            "kind": ["replenishment"],
            "placed": [4],
        }
    )
    (row,) = derived("cannibalisation", {"hand_orders": hand(weekly + enrolled), "decisions": decisions})[
        "cannibalisation"
    ]
    assert (row["before"], row["after"], row["homes"]) == (8, 0, 20)
    assert row["expected"] == pytest.approx(8, abs=0.5)


def test_an_enrolment_of_yesterday_is_not_judged():
    decisions = pa.table(
        {
            "enrolment_id": ["e"],
            "unit": [99],
            "time": pa.array([AS_OF - timedelta(days=1)], WHEN),
            "kind": ["replenishment"],
            "placed": [0],
        }
    )
    seen = {"hand_orders": hand([(u, d) for u in range(9) for d in (3, 9, 40)]), "decisions": decisions}
    assert derived("cannibalisation", seen)["cannibalisation"] == []


def sides(ratio, homes=200, seed=3):
    rng = np.random.default_rng(seed)
    above, below = rng.poisson(1.0 * ratio, homes), rng.poisson(1.0, homes)
    keep = above + below > 0
    return pa.table(
        {
            "unit": np.arange(homes)[keep],
            "condition": ["heat"] * int(keep.sum()),
            "product": ["ice"] * int(keep.sum()),
            "orders_above": above[keep],
            "orders_below": below[keep],
            "x": above[keep] / 2.0,
            "y": below[keep] / 2.0,
        }
    )


def test_a_condition_that_doubles_demand_is_found_and_one_that_does_nothing_is_not():
    (found,) = derived("conditions", {"sides": sides(2.0)})["conditions"]
    assert found["ratio_low"] < 2.0 < found["ratio_high"]
    assert found["q"] < 0.001
    held = [derived("conditions", {"sides": sides(1.0, seed=s)})["conditions"][0] for s in range(60)]
    covered = np.mean([r["ratio_low"] < 1 < r["ratio_high"] for r in held])
    assert 0.8 <= covered <= 0.98


def test_a_home_that_lives_late_is_asked_late_and_one_that_says_little_like_all_others():
    rows = [(1, False, 21, 60), (2, False, 9, 1)] + [(u, False, 12, 30) for u in range(3, 30)]
    acts = pa.table(
        {
            "unit": pa.array([r[0] for r in rows], pa.int64()),
            "weekend": [r[1] for r in rows],
            "hour": pa.array([r[2] for r in rows], pa.int64()),
            "acts": pa.array([r[3] for r in rows], pa.int64()),
        }
    )
    made = {r["unit"]: r for r in derived("moments", {"acts": acts})["moments"] if not r["weekend"]}
    assert made[1]["hour"] in (20, 21)
    assert made[2]["hour"] in (11, 12)
    assert made[1]["lift"] > 3


def test_hours_that_are_full_by_luck_are_no_habit():
    rng = np.random.default_rng(7)
    fleet = np.r_[np.zeros(7), np.full(15, 1 / 15), np.zeros(2)]
    past, later = rng.multinomial(40, fleet, 300), rng.multinomial(400, fleet, 300)
    unit, hour = np.nonzero(past)
    acts = pa.table({"unit": unit, "weekend": [False] * len(unit), "hour": hour, "acts": past[unit, hour]})
    made = [r for r in derived("moments", {"acts": acts})["moments"] if not r["weekend"]]
    came = np.mean([later[r["unit"], [r["hour"], r["hour"] + 1]].sum() / 400 for r in made])
    assert np.mean([r["share"] for r in made]) == pytest.approx(came, abs=0.02)


def _tastes(each=8.0, homes=240, items=6, seed=4):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, homes)
    chance = np.full((homes, 1, items), 0.05)
    chance[kind == 0, 0, 1] = 0.5
    chance[kind == 1, 0, 4] = 0.45
    tries = rng.poisson(each, chance.shape).astype(float)
    return kind, rng.binomial(tries.astype(int), chance).astype(float), tries


def test_homes_alike_teach_what_a_home_has_not_shown():
    kind, wins, tries = _tastes()
    best = np.argmax(chances(learn(wins, tries), np.zeros(len(kind), dtype=int)), axis=1)
    assert np.mean(best == np.where(kind == 0, 1, 4)) > 0.9


def test_what_is_sure_is_offered_and_what_is_not_is_tried():
    (_, wins, tries), (_, few, seldom) = _tastes(), _tastes(each=0.7)
    moment = np.zeros(len(wins), dtype=int)
    _, sure, second = choices(learn(wins, tries), moment, 64)
    _, unsure, _ = choices(learn(few, seldom), moment, 64)
    assert sure.mean() > 0.9
    assert unsure.mean() < sure.mean() - 0.02
    assert set(second.tolist()) <= set(range(6))


def test_a_home_is_recommended_what_it_buys():
    rows = [(u, ("tea", "coffee")[u % 2], "working day, day", 6) for u in range(40)]
    occasions = pa.table(
        {
            "unit": pa.array([r[0] for r in rows], pa.int64()),
            "product": [r[1] for r in rows],
            "moment": [r[2] for r in rows],
            "orders": pa.array([r[3] for r in rows], pa.int64()),
        }
    )
    none = signals.load("run_outs").TABLES["run_outs"].empty_table()
    made = derived("recommendations", {"occasions": occasions, "run_outs": none})["recommendations"]
    assert [r["product"] for r in made] == [r[1] for r in rows]
    assert all(r["chance"] >= r["popular"] for r in made)
