"""What leads to what, against chains that are known."""

from dataclasses import replace

import numpy as np
import pytest

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
    assert pairs_of(journeys, np.ones(1)).ordered.sum() == 0.0


def test_a_chain_ends_at_its_first_cause() -> None:
    journeys = journeys_of([(0, 1, 2)])
    chance = np.zeros((3, 3, 5))
    chance[0, 1], chance[1, 2] = 1.0, 1.0
    moved = passed(journeys, Cascade(chance, np.array([[1, 0], [2, 0], [2, 1]])))
    assert moved.toarray()[:, 2].tolist() == [0.25, 0.25, 0.5]
    assert moved.toarray()[:, 1].tolist() == [0.5, 0.5, 0.0]


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
