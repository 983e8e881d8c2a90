"""The additive hazard against worlds whose rates are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize

from hearthline.attribution import _hazard, _intensity
from hearthline.attribution._frailty import alike
from hearthline.attribution._hazard import PRIOR, Evidence, ascend, curvature, maximise, task_of
from hearthline.attribution._intensity import Intensity, _prior_means, evidence_of
from hearthline.attribution.additive_hazard import AdditiveHazard
from hearthline.schema.journey import Journeys, journeys_of

DAYS = 60
MU = np.array([1e-4, 6e-4])  # conversions an hour in each stratum
JUMP = np.array([0.0, 1.5e-3, 3e-3, 1e-3])  # added right after a touch of each channel
HALF_LIFE_H = np.array([24.0, 24.0, 6.0, 240.0])


def _town(homes: int = 2_500, seed: int = 5, variance: float = 0.0) -> tuple[Journeys, np.ndarray]:
    """Return journeys of homes that start anew with each order, and who caused the orders.

    With a variance, homes differ in their baseline by factors of that variance.
    """
    dice, end_h = np.random.default_rng(seed), DAYS * 24.0
    liking = np.random.default_rng(9).gamma(1 / variance, variance, homes) if variance else np.ones(homes)
    tau = HALF_LIFE_H / np.log(2.0)
    rows, caused = [], np.zeros(5)
    for home in range(homes):
        stratum = home % 2
        count = dice.poisson(0.008 * end_h, 4)
        channel, at = np.repeat(np.arange(4), count), dice.uniform(0.0, end_h, count.sum())
        sparks = [
            (t, 4, end_h) for t in dice.uniform(0.0, end_h, dice.poisson(liking[home] * MU[stratum] * end_h))
        ]
        moved = np.repeat(np.arange(len(at)), dice.poisson((JUMP * tau)[channel]))
        sparks += [(at[i] + dice.exponential(tau[channel[i]]), channel[i], at[i]) for i in moved]
        start = 0.0
        for time, cause, since in [*sorted(s for s in sparks if s[0] < end_h), (end_h, -1, end_h)]:
            if since < start:
                continue
            seen = (at >= start) & (at < time)
            rows.append((home, cause >= 0, time - start, stratum, channel[seen], time - at[seen]))
            caused[cause] += cause >= 0
            start = time
    return _journeys(rows), caused


def _journeys(rows: list[tuple]) -> Journeys:
    unit, converted, span, stratum, channel, gap = (list(column) for column in zip(*rows, strict=True))
    n, where = len(unit), np.array(stratum)
    return Journeys(
        unit=np.array(unit),
        converted=np.array(converted),
        value=np.array(converted) * 20.0,
        span_h=np.array(span),
        stratum=where,
        strata_h=sparse.csr_array((np.array(span), (np.arange(n), where)), shape=(n, 2)),
        offsets=np.concatenate([[0], np.cumsum([len(c) for c in channel])]),
        channel=np.concatenate(channel),
        gap_h=np.concatenate(gap),
        place=np.concatenate(channel),
        expired=sparse.csr_array((n, 4)),
        lookback_h=np.full(4, 45 * 24.0),
        direct=np.zeros(4, dtype=bool),
    ).within_lookback()


def _known(journeys: Journeys) -> Evidence:
    """Return the evidence when homes are alike and days flat."""
    gathered = AdditiveHazard().gather(journeys)
    return evidence_of(gathered, gathered.exposure[:, 0].real, alike())


@pytest.fixture(scope="module")
def town() -> tuple[Journeys, np.ndarray]:
    return _town()


def test_known_causes_are_found(town: tuple[Journeys, np.ndarray]) -> None:
    journeys, caused = town
    model = AdditiveHazard()
    fit = model.solve(model.gather(journeys))
    shares = np.bincount(journeys.channel, weights=model.credit(journeys, fit), minlength=4)
    found = np.append(shares, journeys.converted.sum() - shares.sum()) / journeys.converted.sum()
    assert found == pytest.approx(caused / caused.sum(), abs=0.03)
    assert fit.mu == pytest.approx(MU, rel=0.2)  # 180 orders without a cause in the first stratum


def test_how_fast_an_effect_fades_is_estimated(town: tuple[Journeys, np.ndarray]) -> None:
    journeys, _ = town
    model = AdditiveHazard()
    fit = model.solve(model.gather(journeys))
    slow = fit.gamma[:, :4] * model.kernels.tau_h
    assert slow[2, 0] > 0.5 * slow[2].sum()  # six hours
    assert slow[3, 2:].sum() > 0.6 * slow[3].sum()  # ten days


def test_homes_that_are_alike_keep_one_baseline(town: tuple[Journeys, np.ndarray]) -> None:
    model = AdditiveHazard()
    assert not len(model.solve(model.gather(town[0])).frailty.unit)


def test_homes_that_differ_have_factors_of_their_own() -> None:
    journeys, caused = _town(variance=0.8)
    model = AdditiveHazard()
    fit = model.solve(model.gather(journeys))
    true = np.random.default_rng(9).gamma(1 / 0.8, 0.8, 2_500)
    assert np.corrcoef(fit.frailty.of(np.arange(2_500)), true)[0, 1] > 0.3
    assert fit.frailty.factor.mean() == pytest.approx(1.0, abs=0.1)
    shares = np.bincount(journeys.channel, weights=model.credit(journeys, fit), minlength=4)
    found = np.append(shares, journeys.converted.sum() - shares.sum()) / journeys.converted.sum()
    assert found == pytest.approx(caused / caused.sum(), abs=0.03)


def test_touches_at_the_same_hours_as_orders_earn_nothing_for_it() -> None:
    dice, rows = np.random.default_rng(3), []
    for home in range(1_500):
        days = np.flatnonzero(dice.random(60) < 0.15)
        at = days * 24.0 + dice.uniform(16.0, 20.0, len(days))
        order = dice.geometric(0.02) * 24.0 + dice.uniform(18.0, 23.0)
        end = min(order, 60 * 24.0)
        seen = at < end
        rows.append((home, end == order, end, 0, np.zeros(seen.sum(), np.int64), end - at[seen]))
    journeys = _journeys(rows)
    fit = AdditiveHazard().solve(AdditiveHazard().gather(journeys))
    flat = maximise(_known(journeys), _prior_means(_known(journeys), 4))
    assert fit.gamma[0, 0] < 0.1 * flat.gamma[0]


def test_touches_that_expired_are_watched_whole() -> None:
    model = AdditiveHazard()
    old = journeys_of([(0,)], converted=[False], gap_h=[(900.0,)])
    kept, cut = model.gather(old), model.gather(old.within_lookback())
    tau = model.kernels.tau_h
    assert kept.exposure[:4, 0].real == pytest.approx(tau * (1.0 - np.exp(-720.0 / tau)))
    assert cut.exposure == pytest.approx(kept.exposure)


def test_a_touch_before_the_journey_is_watched_from_its_start() -> None:
    model, tau = AdditiveHazard(), AdditiveHazard().kernels.tau_h
    carried = replace(journeys_of([(0,)], gap_h=[(100.0,)]), span_h=np.array([40.0]))
    expected = tau * (np.exp(-60.0 / tau) - np.exp(-100.0 / tau))
    assert model.gather(carried).exposure[:4, 0].real == pytest.approx(expected)


def test_the_maximum_is_that_of_a_general_optimiser() -> None:
    journeys, _ = _town(homes=150, seed=2)
    evidence = _known(journeys)
    mean = _prior_means(evidence, 4)
    fit = maximise(evidence, mean)
    found = np.concatenate([fit.mu, fit.gamma]) * fit.scale
    load = np.hstack([np.eye(2)[evidence.stratum], evidence.load.toarray()]) / fit.scale

    def loss(log_x: np.ndarray) -> tuple[float, np.ndarray]:
        x = np.exp(log_x)
        rate = load @ x
        height = np.log(rate).sum() + PRIOR * log_x.sum() - x.sum()
        return -height, -(x * (load.T @ (1.0 / rate)) + PRIOR - x)

    best = minimize(loss, np.zeros(len(found)), jac=True, method="L-BFGS-B", options={"ftol": 1e-15})
    assert loss(np.log(found))[0] <= best.fun + 1e-9
    assert found == pytest.approx(np.exp(best.x), rel=1e-2, abs=1e-2)


def test_thousands_of_rates_reach_the_same_maximum(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = _known(_town(homes=150, seed=2)[0])
    mean = _prior_means(evidence, 4)
    newton = maximise(evidence, mean)
    monkeypatch.setattr(_hazard, "_DENSE_FEATURES", 0)
    crept = maximise(evidence, mean)
    assert crept.gamma * crept.scale[2:] == pytest.approx(newton.gamma * newton.scale[2:], rel=1e-3, abs=1e-3)


def test_a_stratum_without_hours_takes_no_infinite_rate() -> None:
    journeys = replace(
        journeys_of([(0,), ()], converted=[True, True]),
        stratum=np.array([0, 1]),
        strata_h=sparse.csr_array(np.array([[48.0, 0.0], [48.0, 0.0]])),
    )
    fit = AdditiveHazard().solve(AdditiveHazard().gather(journeys))
    assert np.all(np.isfinite(fit.mu))
    assert fit.mu[1] > 0.0


def test_without_touches_all_is_baseline() -> None:
    journeys = journeys_of([(), (), ()], converted=[True, True, False], channels=2)
    model = AdditiveHazard()
    fit = model.solve(model.gather(journeys))
    assert model.credit(journeys, fit).sum() == 0.0
    assert fit.mu[0] * 72.0 == pytest.approx(2.0, rel=0.05)


def test_a_shop_without_any_channel_is_all_baseline() -> None:
    journeys = journeys_of([(), ()], converted=[True, False], channels=0)
    model = AdditiveHazard()
    fit = model.solve(model.merge(model.gather(journeys), model.gather(journeys)))
    assert model.credit(journeys, fit).shape == (0,)
    assert fit.mu[0] > 0.0


def test_a_parabola_without_other_weights_stays_where_it_is() -> None:
    evidence = _known(_town(homes=150, seed=2)[0])
    fit = maximise(evidence, _prior_means(evidence, 4))
    task = task_of(evidence, fit.scale, fit.active)
    x = (np.concatenate([fit.mu, fit.gamma]) * fit.scale)[fit.active]
    slope = task.pull(1.0 / task.intensity(x)) - 1.0
    assert ascend(x, slope[:, None], curvature(task, x))[:, 0] == pytest.approx(x, rel=1e-3, abs=1e-3)


def test_few_conversions_fade_as_many_others_do() -> None:
    model, many, few = AdditiveHazard(), _town(homes=2_000, seed=4)[0], _town(homes=120, seed=5)[0]
    other = model.solve(model.gather(many))
    statistics = model.gather(few)
    beside, alone = model.solve_beside(statistics, other), model.solve(statistics)
    like = other.gamma / other.gamma.sum(axis=1, keepdims=True)
    busy = other.gamma.sum(axis=1) > 0.3 * other.gamma.sum(axis=1).max()

    def apart(fit: Intensity) -> float:
        mix = fit.gamma / fit.gamma.sum(axis=1, keepdims=True)
        return float(np.abs(mix - like)[busy].sum())

    assert apart(beside) < 0.5 * apart(alone)
    assert model.solve_beside(statistics, None).gamma == pytest.approx(alone.gamma)


def _in_strata(journeys: Journeys, strata: int) -> Journeys:
    """Return the journeys with homes dealt out to so many strata that mean nothing."""
    where = journeys.unit % strata
    hours = sparse.csr_array((journeys.span_h, (np.arange(journeys.n), where)), shape=(journeys.n, strata))
    return replace(journeys, stratum=where, strata_h=hours)


def test_more_strata_than_conversions_take_nothing_from_the_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    model, many = AdditiveHazard(), _town(homes=1_000, seed=4)[0]
    few = _town(homes=60, seed=5)[0]
    other = model.solve(model.gather(_in_strata(many, 1)))
    plain = model.solve_beside(model.gather(_in_strata(few, 1)), other)

    def kept(most: float) -> float:
        """Return what replicates leave to the touches of all that they have in one stratum."""
        monkeypatch.setattr(_intensity, "_MOST_LEANING", most)
        journeys = _in_strata(few, 60)
        fit = model.solve_beside(model.gather(journeys), other)
        weights = np.random.default_rng(3).poisson(1.0, (60, 40)).astype(float)
        drawn = model.resampler(journeys, journeys.unit, fit)(weights)[60 : 60 + fit.gamma.size]
        return float(drawn.mean(axis=1).sum() / plain.gamma.sum())

    assert kept(20.0) > 1.15 * kept(1e-9)
