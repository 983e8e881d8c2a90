"""How long enrolments go on: what is known then, and only then, foretells what comes."""

from dataclasses import replace

import numpy as np
import pytest

from hearthline.attribution import Enrolled, ahead_of, lives_of, survival_of

DAY_MS = 86_400_000
OPEN = np.iinfo(np.int64).max


def _enrolled(count: int = 400, days: int = 360, silent: bool = False, seed: int = 3) -> Enrolled:
    """Return enrolments that order every 14 days, each ending after an order with its own chance of some 10 %."""
    dice = np.random.default_rng(seed)
    ends = dice.beta(2.0, 18.0, count)
    began = dice.integers(0, days // 2, count) * DAY_MS
    lasts = dice.geometric(ends) - 1
    of = np.repeat(np.arange(count), lasts)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(lasts) - lasts, lasts) + 1
    at = began[of] + (nth * 14 + dice.integers(-1, 2, len(of))) * DAY_MS
    ended = began + lasts * 14 * DAY_MS + DAY_MS
    kept = at < days * DAY_MS
    return Enrolled(
        kind=np.zeros(count, np.int64),
        began_ms=began,
        ended_ms=np.where(silent | (ended >= days * DAY_MS), OPEN, ended),
        of=of[kept],
        order_ms=at[kept],
        money=np.full(int(kept.sum()), 20.0),
    )


@pytest.mark.parametrize("silent", [False, True])
def test_what_was_known_foretells_what_came(silent: bool) -> None:
    enrolled = _enrolled(silent=silent)
    ahead = ahead_of(enrolled, 240 * DAY_MS, 120.0)
    known = ahead.known[enrolled.of]
    came = float(enrolled.money[known & (enrolled.order_ms > 240 * DAY_MS)].sum())
    low, high = np.quantile(ahead.drawn.sum(axis=1), (0.05, 0.95))
    assert float(ahead.money.sum()) == pytest.approx(came, rel=0.15)
    assert low * 0.93 < came < high * 1.07
    if_none_ended = 20.0 * float((known & (enrolled.order_ms <= 240 * DAY_MS)).sum()) / 240 * 120
    assert abs(ahead.money.sum() - came) < abs(if_none_ended - came)


def test_the_future_is_not_looked_at() -> None:
    enrolled = _enrolled(60)
    before = enrolled.order_ms <= 200 * DAY_MS
    sooner = replace(
        enrolled,
        ended_ms=np.where(enrolled.ended_ms > 200 * DAY_MS, OPEN, enrolled.ended_ms),
        of=enrolled.of[before],
        order_ms=enrolled.order_ms[before],
        money=enrolled.money[before],
    )
    now, later = (ahead_of(e, 200 * DAY_MS, 90.0) for e in (sooner, enrolled))
    assert now.drawn.tobytes() == later.drawn.tobytes()
    assert now.money.tobytes() == later.money.tobytes()


def test_what_ended_or_fell_silent_brings_nothing_more() -> None:
    ahead = ahead_of(_enrolled(80, silent=True), 10_000 * DAY_MS, 365.0)
    assert not ahead.on.any()
    assert not ahead.drawn.any()


def test_who_lasted_is_expected_to_last() -> None:
    dice = np.random.default_rng(5)
    lasted = dice.geometric(dice.beta(0.6, 4.0, 2_000)) - 1.0
    found = survival_of(np.minimum(lasted, 10.0), lasted <= 10)
    new, old = found.expected(np.array([0.0, 10.0]), np.array([12.0, 12.0]))
    assert old > 1.3 * new


@pytest.mark.parametrize("silent", [False, True])
def test_the_life_of_a_new_one_is_that_of_those_there_were_within_the_horizon(silent: bool) -> None:
    enrolled = _enrolled(silent=silent)
    ahead = ahead_of(enrolled, 360 * DAY_MS, 140.0)
    life = lives_of(enrolled, ahead.on)[0]
    assert (life.survival.ends, life.survival.lasts) == (ahead.survival[0].ends, ahead.survival[0].lasts)
    assert (life.known, life.each, life.error) == (400, 20.0, 0.0)
    brought = life.survival.lives(140.0 / life.gap_days, 2_000, 1)
    early = np.flatnonzero(enrolled.began_ms < 200 * DAY_MS)
    inside = np.isin(enrolled.of, early) & (
        enrolled.order_ms <= enrolled.began_ms[enrolled.of] + 140.5 * DAY_MS
    )
    assert brought.mean() == pytest.approx(inside.sum() / len(early), rel=0.1)
    assert brought.max() <= 140.0 / life.gap_days


def test_a_life_is_bounded_by_the_horizon_where_nobody_ever_ended() -> None:
    found = survival_of(np.full(40, 1.0), np.zeros(40, np.bool_))
    year, two = (found.lives(most, 4_000, 1) for most in (12.0, 24.0))
    assert year.max() < 12.0
    assert two.mean() < 2 * year.mean()
    assert abs(found.lives(12.0, 4_000, 2).mean() - year.mean()) < 0.2  # whatever the seed


def test_the_value_of_an_order_is_as_unsure_as_enrolments_are_few() -> None:
    plain = _enrolled(40)
    apart = replace(plain, money=10.0 + plain.of % 2 * 20.0)  # each enrolment's orders are alike
    life = lives_of(apart, np.zeros(40, np.bool_))[0]
    assert life.error > 3 * 10.0 / np.sqrt(len(plain.of)) / 2


def test_no_enrolment_foretells_nothing() -> None:
    none = np.zeros(0, np.int64)
    ahead = ahead_of(Enrolled(none, none, none, none, none, np.zeros(0)), DAY_MS, 30.0)
    assert ahead.money.shape == (0,)
    assert ahead.survival == {}
