"""What leads to what, against chains that are known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hearthline.attribution import Part, intervals, load
from hearthline.attribution._cascade import Cascade, cascade_of, pairs_of, passed
from hearthline.attribution.additive_hazard import AdditiveHazard
from hearthline.schema.journey import Journeys, journeys_of

LED = 0.4
"""Searches (1) that each display (0) leads to, within days. Alerts (2) only share a need with searches."""


def _town(homes: int = 3_000, seed: int = 1) -> tuple[Journeys, np.ndarray]:
    """Return journeys of 40 days, and whether each touch was led to by another."""
    dice = np.random.default_rng(seed)
    paths, gaps, led = [], [], []
    for _ in range(homes):
        liking = dice.gamma(2.0, 0.5)
        displays = dice.uniform(0.0, 960.0, dice.poisson(5.0 * liking))
        moved = displays[dice.random(len(displays)) < LED]
        then = moved + dice.exponential(36.0, len(moved))
        need = dice.uniform(0.0, 900.0)
        needed = need + dice.uniform(0.0, 96.0, dice.poisson(2.0))
        alerts = need + dice.uniform(0.0, 96.0, dice.poisson(2.0))
        own = dice.uniform(0.0, 960.0, dice.poisson(2.0 * liking))
        at = np.concatenate([displays, then, needed, own, alerts])
        what = np.repeat([0, 1, 1, 1, 2], [len(x) for x in (displays, then, needed, own, alerts)])
        caused = np.repeat([0, 1, 0, 0, 0], [len(x) for x in (displays, then, needed, own, alerts)])
        order = np.argsort(at)
        order = order[at[order] < 960.0]
        paths.append(tuple(what[order]))
        gaps.append(tuple(960.0 - at[order]))
        led.append(caused[order])
    journeys = journeys_of(paths, channels=3, gap_h=gaps)
    return replace(journeys, lookback_h=np.full(3, 1_000.0)), np.concatenate(led)


@pytest.fixture(scope="module")
def town() -> tuple[Journeys, np.ndarray]:
    return _town()


def _found(journeys: Journeys) -> Cascade:
    return cascade_of(pairs_of(journeys, np.ones(journeys.n)))


def test_a_display_that_leads_to_searches_is_found_and_nothing_else(
    town: tuple[Journeys, np.ndarray],
) -> None:
    assert _found(town[0]).routes.tolist() == [[1, 0]]


def _passed_on(homes: Sequence[tuple[NDArray[np.floating], ...]]) -> tuple[float, float]:
    """Return twice the part of searches' credit that is passed on, and the part of searches that were led to.

    Args:
        homes: hours, of 60 days, of displays (0), of searches of one's own (1), and of those led to (1).
    """
    paths, gaps = [], []
    for displays, own, led in homes:
        at = np.concatenate([displays, own, led])
        order = np.argsort(at)
        paths.append(tuple(np.repeat([0, 1], [len(displays), len(own) + len(led)])[order]))
        gaps.append(tuple(1_440.0 - at[order]))
    journeys = replace(journeys_of(paths, channels=2, gap_h=gaps), lookback_h=np.full(2, 1_500.0))
    given = 1.0 - passed(journeys, _found(journeys)).diagonal()
    searches = sum(len(own) + len(led) for _, own, led in homes)
    return 2.0 * float(given.sum()) / searches, sum(len(led) for *_, led in homes) / searches


def test_how_often_is_read_from_rates_where_displays_saturate() -> None:
    """A second display adds nothing while the first still acts: pairs alone would count half of what was led to."""
    dice, homes = np.random.default_rng(3), []
    for _ in range(3_000):
        displays = np.sort(dice.uniform(0.0, 1_440.0, dice.poisson(10.0)))
        own = dice.uniform(0.0, 1_440.0, dice.poisson(3.0))
        maybe = dice.uniform(0.0, 1_440.0, dice.poisson(1_440.0 * 0.01))
        since = maybe - np.append(-np.inf, displays)[np.searchsorted(displays, maybe)]
        led = maybe[since < 96.0]  # at the same rate in the four days after any display
        homes.append((displays, own, led))
    passed_on, caused = _passed_on(homes)
    assert passed_on == pytest.approx(caused, rel=0.1)


def test_weeks_in_which_both_are_more_are_not_taken_for_a_lead() -> None:
    dice, homes = np.random.default_rng(5), []
    for _ in range(3_000):
        begun = dice.random(65) < 0.08  # campaigns of six days, in which displays and searches are more
        busy = np.convolve(begun, np.ones(6), "valid") > 0.0
        displays, own = (
            24.0 * np.flatnonzero(dice.random(60) < rate * np.where(busy, 5.0, 0.3)) + dice.uniform(0.0, 24.0)
            for rate in (0.06, 0.06)
        )
        led = displays[dice.random(len(displays)) < 0.4]
        led = led + dice.exponential(36.0, len(led))
        led = led[led < 1_440.0]
        homes.append((displays, own, led))
    passed_on, caused = _passed_on(homes)
    assert passed_on == pytest.approx(caused, rel=0.25)


def test_a_search_passes_back_half_of_what_was_led_to(town: tuple[Journeys, np.ndarray]) -> None:
    journeys, led = town
    moved = passed(journeys, _found(journeys))
    assert np.asarray(moved.sum(axis=0)).ravel() == pytest.approx(1.0)
    search = journeys.channel == 1
    given = 1.0 - moved.diagonal()
    assert given[~search].sum() == pytest.approx(0.0, abs=1e-9)
    assert given[search].sum() == pytest.approx(0.5 * led.sum(), rel=0.2)
    assert given[search & (led == 1)].mean() > 1.3 * given[search & (led == 0)].mean()


def test_a_few_pairs_prove_nothing() -> None:
    journeys = journeys_of([(0, 1), (0, 1), (0, 1)])
    assert len(_found(journeys).routes) == 0


def test_touches_at_the_same_moment_lead_to_nothing() -> None:
    journeys = journeys_of([(0, 1)], gap_h=[(5.0, 5.0)])
    journeys = replace(journeys, span_h=np.full(1, 400.0), lookback_h=np.full(2, 1_000.0))
    for apart, known in ((0.0, 0.0), (1.0, 1.0)):
        pairs = pairs_of(replace(journeys, gap_h=np.array([200.0, 200.0 - apart])), np.ones(1))
        assert pairs.surplus.tolist() == [[0.0, known], [-known, 0.0]]


def test_counts_of_parts_add_up_and_a_weight_of_two_is_the_journey_twice(
    town: tuple[Journeys, np.ndarray],
) -> None:
    journeys = town[0].take(np.arange(400))
    weight = np.where(np.arange(400) % 3 == 0, 2.0, 1.0)
    whole = pairs_of(journeys, weight)
    parts = [
        pairs_of(journeys.take(rows), np.ones(len(rows))) for rows in (np.arange(400), np.arange(0, 400, 3))
    ]
    added = parts[0] + parts[1]
    for name in ("surplus", "spread", "led", "unled"):
        assert getattr(added, name) == pytest.approx(getattr(whole, name))


def test_rates_are_those_of_the_hours_that_were_watched() -> None:
    """Of 22 days the week at either end is left out: hours 168 to 360. A display at 200, searches at 180 and 210."""
    gaps: list[tuple[float, ...]] = [(528.0 - 200.0, 528.0 - 180.0, 528.0 - 210.0)]
    journeys = replace(journeys_of([(0, 1, 1)], gap_h=gaps), span_h=np.full(1, 528.0))
    pairs = pairs_of(replace(journeys, lookback_h=np.full(2, 1_000.0)), np.ones(1))
    forward, reverse = pairs.led[:, 0, 1], pairs.unled[:, 0, 1]
    # Forward: none for a week until 200 (32 hours), then 24, 24, 24, 48 and 40 hours by how long ago it was.
    assert forward[0].tolist() == pytest.approx([32 / 56, 0, 0, 0, 0])
    assert reverse[0].tolist() == pytest.approx([24 / 56, 24 / 56, 24 / 56, 48 / 80, 40 / 72])
    # Reversed: 24 hours and 8 hours before it, and none after it until 360.
    assert forward[1].tolist() == pytest.approx([160 / 184, 0, 0, 0, 0])
    assert reverse[1].tolist() == pytest.approx([24 / 184, 8 / 168, 0, 0, 0])


def test_each_of_a_chain_gets_as_much() -> None:
    """The Shapley value of a chain in which none works without those before it."""
    journeys = journeys_of([(0, 1, 2)])
    chance = np.zeros((3, 3, 5))
    chance[0, 1], chance[1, 2] = 1.0, 1.0
    moved = passed(journeys, Cascade(chance, np.array([[1, 0], [2, 0], [2, 1]]))).toarray()
    assert moved[:, 2] == pytest.approx([1 / 3, 1 / 3, 1 / 3], abs=0.01)
    assert moved[:, 1] == pytest.approx([1 / 2, 1 / 2, 0.0], abs=0.01)
    chance[0, 1], chance[1, 2] = 0.5, 0.6
    moved = passed(journeys, Cascade(chance, np.array([[1, 0], [2, 0], [2, 1]]))).toarray()
    assert moved[:, 2] == pytest.approx([0.3 / 3, 0.3 / 3 + 0.3 / 2, 0.3 / 3 + 0.3 / 2 + 0.4])


def test_a_chain_is_followed_for_three_steps() -> None:
    journeys = journeys_of([(0, 1, 2, 3, 4)])
    chance = np.zeros((5, 5, 5))
    chance[range(4), range(1, 5)] = 1.0
    moved = passed(journeys, Cascade(chance, np.array([[i, i - 1] for i in range(1, 5)]))).toarray()
    assert moved[:, 4] == pytest.approx([0.0, 0.25, 0.25, 0.25, 0.25], abs=0.02)


def test_the_last_touch_of_each_channel_stands_for_those_before_it() -> None:
    journeys = journeys_of([(0, 0, 1, 2)])
    chance = np.zeros((3, 3, 5))
    chance[0, 2], chance[1, 2] = 0.5, 0.5
    moved = passed(journeys, Cascade(chance, np.array([[2, 0], [2, 1]]))).toarray()
    assert moved[:, 3] == pytest.approx([0.0, 0.75 / 4, 0.75 / 4, 1.0 - 0.75 / 2])


def test_two_channels_that_lead_to_each_other_keep_the_sum() -> None:
    journeys = journeys_of([(0, 1) * 4])
    chance = np.full((2, 2, 5), 0.9)
    moved = passed(journeys, Cascade(chance, np.array([[0, 1], [1, 0]])))
    assert np.asarray(moved.sum(axis=0)).ravel() == pytest.approx(1.0)
    assert moved.toarray().min() >= 0.0


def test_intervals_know_the_cascade(town: tuple[Journeys, np.ndarray]) -> None:
    journeys, model = town[0].take(np.arange(1_500)), load("additive_hazard")
    fit = AdditiveHazard().solve(AdditiveHazard().gather(journeys))
    assert len(fit.cascade.routes)
    shares = model.credit(journeys, fit)
    amounts = np.bincount(journeys.channel, weights=shares * journeys.value[journeys.row], minlength=3)
    band = intervals(model, {"person": Part(journeys, journeys)}, 6)["person"]
    assert band.amount[:-1] == pytest.approx(amounts)
    assert band.low[0] < band.amount[0] < band.high[0]
