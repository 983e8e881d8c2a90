"""A fit on sums over homes is the fit on all journeys."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from hearthline.attribution import Ask, HomeSums, Privacy, Terms, fitted_on_sums, fitted_privately, sums_of
from hearthline.attribution._homes import Rates
from hearthline.attribution.additive_hazard import AdditiveHazard
from hearthline.schema.journey import Journeys

MODEL = AdditiveHazard()
TERMS = Terms(channels=3, kernels=4, strata=2)


def _town(seed: int, homes: int = 80, varied: bool = False, won: float = 0.6) -> list[Journeys]:
    """Return each home's journeys; with `varied`, some homes buy much more than others, whatever they meet."""
    dice, found = np.random.default_rng(seed), []
    for home in range(homes):
        liking = dice.gamma(1.0, 1.0) if varied else 1.0
        n = 2 + int(dice.poisson(6.0 * liking))
        lengths = dice.poisson(1.0, n)
        channel, m = dice.integers(0, 3, lengths.sum()), int(lengths.sum())
        span = dice.uniform(24.0, 1000.0 / (0.2 + liking), n)
        stratum = dice.integers(0, 2, n)
        bought = dice.random(n) < won
        found.append(
            Journeys(
                unit=np.full(n, home),
                converted=bought,
                value=np.where(bought, 10.0, 0.0),
                span_h=span,
                stratum=stratum,
                strata_h=sparse.csr_array((span, (np.arange(n), stratum)), shape=(n, 2)),
                offsets=np.concatenate([[0], np.cumsum(lengths)]),
                channel=channel,
                gap_h=dice.exponential(60.0, m) * (1 + channel),
                place=channel.copy(),
                expired=sparse.csr_array(dice.poisson(0.2, (n, 3)).astype(float)),
                lookback_h=np.full(3, 720.0),
                direct=np.zeros(3, np.bool_),
                again=np.random.default_rng([seed, home]).random(m) < 0.3,
            ).within_lookback()
        )
    return found


def _together(homes: list[Journeys]) -> Journeys:
    from hearthline.schema.journey import concatenated

    return concatenated(homes)


@pytest.mark.parametrize(("count", "varied"), [(25, False), (80, True)])
def test_a_fit_on_sums_is_the_fit_on_all_journeys(count: int, varied: bool) -> None:
    homes = _town(1, count, varied)
    central = MODEL.solve(MODEL.gather(_together(homes)))
    found = fitted_on_sums(sums_of(HomeSums(MODEL.gather(h)) for h in homes), TERMS)
    assert found.fit.mu == pytest.approx(central.mu, rel=1e-6)
    assert found.fit.gamma == pytest.approx(central.gamma, rel=1e-6, abs=1e-12)
    assert (found.variance > 0.0) is varied
    assert bool(len(central.frailty.unit)) is varied
    for journeys in homes:  # and credit given at home is the credit given to all
        own = MODEL.credit(journeys, found.at(HomeSums(MODEL.gather(journeys))))
        assert own == pytest.approx(MODEL.credit(journeys, central), abs=1e-6)


def test_enrolments_lean_on_orders_as_they_do_in_the_middle() -> None:
    homes, few = _town(2, 30), _town(3, 30, won=0.1)
    to_order = MODEL.solve(MODEL.gather(_together(homes)))
    to_enrol = MODEL.solve_beside(MODEL.gather(_together(few)), to_order)
    orders = fitted_on_sums(sums_of(HomeSums(MODEL.gather(h)) for h in homes), TERMS)
    found = fitted_on_sums(sums_of(HomeSums(MODEL.gather(h)) for h in few), TERMS, orders.fit)
    assert found.fit.mu == pytest.approx(to_enrol.mu, rel=1e-6)
    assert found.fit.gamma == pytest.approx(to_enrol.gamma, rel=1e-6, abs=1e-12)


def test_no_conversion_anywhere_gives_no_rate() -> None:
    homes = [replace(h, converted=np.zeros(h.n, np.bool_)) for h in _town(4, homes=3)]
    found = fitted_on_sums(sums_of(HomeSums(MODEL.gather(h)) for h in homes), TERMS)
    assert found.fit.mu.tolist() == [0.0, 0.0]
    assert found.rounds == 1


def test_an_answer_is_as_long_for_a_home_with_nothing() -> None:
    full = HomeSums(MODEL.gather(_town(5, homes=1)[0]))
    bare = HomeSums(MODEL.gather(_town(5, homes=1)[0].take(np.zeros(0, np.int64))))
    rates = Rates(np.full(2, 1e-4), np.full(24, 1e-4))
    for want in ("counts", "hours", "slope", "curve", "inclined", "watched", "caused"):
        ask = Ask(want, rates=rates, past=(rates,), variance=0.5)
        assert bare.answer(ask).shape == full.answer(ask).shape
        assert not bare.answer(ask).any()


def test_no_home_says_more_than_it_may() -> None:
    rates = Rates(np.full(2, 1e-4), np.full(24, 1e-4))
    for journeys in _town(6, homes=20):
        home = HomeSums(MODEL.gather(journeys))
        watched = home.answer(Ask("watched", most=(2.0, 500.0, 300.0)))
        parts = np.split(watched, [1, 3])
        assert [float(np.linalg.norm(p)) <= m + 1e-9 for p, m in zip(parts, (2, 500, 300), strict=True)] == [
            True
        ] * 3
        assert float(np.linalg.norm(home.answer(Ask("caused", rates, most=(1.5,))))) <= 1.5 + 1e-9


def test_noise_follows_the_budget_and_without_it_rates_are_near() -> None:
    homes = [HomeSums(MODEL.gather(h)) for h in _town(7, 30)]
    central = fitted_on_sums(sums_of(homes), TERMS).fit
    wide = {"hours": 1e6, "conversions": 1e3, "exposures_h": 1e6, "seed": 1}
    free = fitted_privately(sums_of(homes), TERMS, Privacy(epsilon=np.inf, **wide))
    assert free.mu == pytest.approx(central.mu, rel=0.15)
    some, more = (
        fitted_privately(sums_of(homes), TERMS, Privacy(epsilon=e, hours=1e4, seed=2)) for e in (1e4, 5.0)
    )
    assert np.abs(more.mu - free.mu).sum() > np.abs(some.mu - free.mu).sum()


def test_a_question_without_rates_is_refused() -> None:
    with pytest.raises(ValueError, match="'slope' needs rates"):
        HomeSums(MODEL.gather(_town(8, homes=1)[0])).answer(Ask("slope"))
