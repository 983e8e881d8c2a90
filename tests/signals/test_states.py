"""What was said of a household at a moment follows from what was known by then, and from nothing else."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from hearthline.signals import Asked, asked_of, load
from hearthline.signals.states import BY_ACTS, derive, running_out

DAY_US = 86_400_000_000
START = datetime(2026, 1, 5, tzinfo=UTC)


def told(turns) -> set[tuple[int, int, bool]]:
    return set(zip(turns.unit.tolist(), turns.time_us.tolist(), turns.on.tolist(), strict=True))


def until(turns, moment: int) -> set[tuple[int, int, bool]]:
    return {t for t in told(turns) if t[1] <= moment}


@pytest.fixture
def levels() -> tuple[np.ndarray, ...]:
    """Readings of 40 homes, 1 or 2 sensors each, some received days late and out of order."""
    random = np.random.default_rng(4)
    unit, sensor, day = (a.ravel() for a in np.meshgrid(np.arange(40), [0, 1], np.arange(120), indexing="ij"))
    kept = (sensor == 0) | (unit % 3 == 0)
    unit, sensor, day = unit[kept], sensor[kept], day[kept]
    level = 100 - (day * (2 + unit % 7) + unit * 13 + sensor * 31) % 100 + random.normal(0, 1, len(day))
    late = np.where(random.random(len(day)) < 0.1, random.integers(0, 20, len(day)), 0)
    return unit, sensor, (day + late) * DAY_US + random.integers(0, 3600, len(day)), np.clip(level, 0, 100)


def test_levels_received_later_change_nothing_that_was_said_before(levels) -> None:
    known = levels[2]
    whole = running_out(*levels)
    assert len(whole.unit) > 100
    for cut in (20, 55, 90):
        before = known <= cut * DAY_US
        assert until(whole, cut * DAY_US) == told(running_out(*(c[before] for c in levels)))


@pytest.mark.parametrize("name", ["fading", "leaving"])
def test_acts_known_later_change_nothing_that_was_said_before(name: str) -> None:
    random = np.random.default_rng(5)
    homes, days = 300, 240
    stop = np.where(random.random(homes) < 0.5, random.integers(60, 400, homes), 999)
    rate = 0.8 * np.where(np.arange(days) > stop[:, None] - 30, 0.2, 1.0) * (np.arange(days) < stop[:, None])
    acts = random.poisson(rate)
    unit, day = np.nonzero(acts)
    judge, many = BY_ACTS[name], acts[unit, day].astype(float)
    whole = judge(unit + 1, day + 20_000, many)
    assert len(whole.unit) > 20
    for cut in (130, 200):
        before = day < cut
        part = judge(unit[before] + 1, day[before] + 20_000, many[before])
        # an act on the cut's own day can only matter from the next midnight on
        assert until(whole, (20_000 + cut - 1) * DAY_US) == until(part, (20_000 + cut - 1) * DAY_US)


def test_a_home_is_running_out_while_a_week_of_its_own_pace_is_not_left() -> None:
    day = np.arange(40)
    level = 100.0 - 5 * (day % 20)  # full again every twentieth day
    turns = running_out(np.zeros(40, np.int64), np.zeros(40, np.int64), day * DAY_US, level)
    assert [(t // DAY_US, on) for _, t, on in sorted(told(turns), key=lambda t: t[1])] == [
        *((13, True), (20, False), (33, True)),
    ]


def test_less_than_half_of_what_is_usual_is_fading() -> None:
    day = np.concatenate([np.arange(90), np.arange(90, 200, 5)])
    turns = BY_ACTS["fading"](np.zeros(len(day), np.int64), day, np.ones(len(day)))
    (first, *_) = sorted(told(turns), key=lambda t: t[1])
    assert first[2]
    assert 100 < first[1] // DAY_US < 115


def test_lasting_states_are_derived_events_from_the_moment_on_which_they_began() -> None:
    when = [START + timedelta(days=d) for d in range(20)]
    levels = pa.table(
        {
            "unit": pa.array([7] * 20, pa.int64()),
            "sensor": pa.array([1] * 20, pa.int64()),
            "time": pa.array(when, pa.timestamp("us", tz="UTC")),
            "known": pa.array(when, pa.timestamp("us", tz="UTC")),
            "level": [100.0 - 5 * d for d in range(20)],
        }
    )
    none = pa.table(
        {"unit": pa.array([], pa.int64()), "day": pa.array([], pa.date32()), "known": pa.array([], pa.date32()),
         "acts": pa.array([], pa.int64())}
    )  # fmt: skip
    asked = asked_of("states", Asked(START + timedelta(days=19)), {})
    made = derive({"known_acts": none, "known_levels": levels}, asked)
    (state,) = made["home_states"].to_pylist()
    (event,) = made["derived"].to_pylist()
    assert (state["state"], state["since"], state["until"]) == ("running_out", when[13], None)
    assert (event["type"], event["time"], event["unit"]) == ("derived.state.running_out", when[13], 7)
    assert load("states").TITLE == "States"
