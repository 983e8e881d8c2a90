"""The neural hazard: instants stand for the time watched, gradients are right, known causes are found."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import check_grad

from attribution.test_additive_hazard import _town as town_of
from hearthline import attribution
from hearthline.attribution import load, names, usual
from hearthline.attribution._exposures import Kernels
from hearthline.attribution._instants import instants_of
from hearthline.attribution._network import _Task
from hearthline.attribution.neural_hazard import Learned, NeuralHazard
from hearthline.schema.journey import Journeys

KERNELS = Kernels((6.0, 24.0, 72.0, 240.0))


@pytest.fixture(scope="module")
def town() -> tuple[Journeys, np.ndarray]:
    return town_of(700)


@pytest.fixture(scope="module")
def learned(town: tuple[Journeys, np.ndarray]) -> Learned:
    fit = NeuralHazard().solve(NeuralHazard().gather(town[0]))
    assert fit is not None
    return fit


def test_instants_stand_for_all_the_time_watched(town: tuple[Journeys, np.ndarray]) -> None:
    journeys, _ = town
    found = instants_of(journeys, np.ones(journeys.n), KERNELS)
    assert found.hours.sum() == pytest.approx(journeys.strata_h.sum())
    assert found.bought.sum() == journeys.converted.sum()
    summed = np.asarray(found.load.T @ found.hours)
    exact = KERNELS.exposure(journeys, np.ones(journeys.n))[:, 0].real
    assert summed == pytest.approx(exact, rel=0.06)


def test_a_touch_that_expired_counts_as_if_spread_evenly(town: tuple[Journeys, np.ndarray]) -> None:
    journeys, _ = town
    short = replace(journeys, lookback_h=np.full(4, 240.0)).within_lookback()
    assert short.expired.sum() > 0.0
    found = instants_of(short, np.ones(short.n), KERNELS)
    summed = np.asarray(found.load.T @ found.hours).reshape(4, 4)[:, 1:]
    exact = KERNELS.exposure(short, np.ones(short.n))[:, 0].real.reshape(4, 4)[:, 1:]
    assert summed == pytest.approx(exact, rel=0.15)


def test_the_slope_is_that_of_the_loss(town: tuple[Journeys, np.ndarray]) -> None:
    journeys = town[0].take(np.arange(300))
    rows = instants_of(journeys, np.ones(journeys.n), KERNELS)
    task = _Task(rows, 2, 16, 1e-3, float(rows.bought.sum()))
    dice = np.random.default_rng(1)
    point = np.concatenate([dice.normal(size=2), dice.uniform(0.1, 1.0, 6 * 16 + 12)])
    apart = check_grad(lambda x: task.loss(x)[0], lambda x: task.loss(x)[1], point)
    assert apart < 1e-3 * np.linalg.norm(task.loss(point)[1])


def test_known_causes_are_found(town: tuple[Journeys, np.ndarray], learned: Learned) -> None:
    journeys, caused = town
    shares = np.bincount(journeys.channel, weights=NeuralHazard().credit(journeys, learned), minlength=4)
    found = np.append(shares, journeys.converted.sum() - shares.sum()) / journeys.converted.sum()
    assert found == pytest.approx(caused / caused.sum(), abs=0.06)


def test_shares_and_the_baseline_are_the_rate(town: tuple[Journeys, np.ndarray], learned: Learned) -> None:
    journeys = town[0].take(np.flatnonzero(town[0].converted)[:200])
    own, added, _ = learned.network.parts(KERNELS.loads(journeys), journeys.stratum)
    whole = journeys.sum_by_journey(NeuralHazard().credit(journeys, learned)) + own / (
        own + added.sum(axis=1)
    )
    assert whole == pytest.approx(np.ones(journeys.n))


def test_replicates_stay_near_and_follow_the_weights(
    town: tuple[Journeys, np.ndarray], learned: Learned
) -> None:
    journeys, model = town[0], NeuralHazard()
    weights = np.column_stack([np.ones(journeys.n), np.where(journeys.converted, 2.0, 1.0)])
    same, more = model.refits(journeys, weights, learned)
    assert same is not None
    assert more is not None
    before, after, twice = (model.credit(journeys, f).sum() for f in (learned, same, more))
    assert after == pytest.approx(before, rel=0.05)
    assert twice == pytest.approx(before, rel=0.1)  # nearly the same shares of more orders
    assert more.network.home.mean() > same.network.home.mean()  # more of the time watched ended in one


def test_it_runs_only_where_it_is_asked_for() -> None:
    assert "neural_hazard" in names()
    assert "neural_hazard" not in usual()
    assert {load(n).name for n in usual()} == set(usual())
    assert attribution.tuned("neural_hazard", {}).name == "neural_hazard"
