"""Touches that come again within a day may do less: how much less is found, and credited."""

import numpy as np
import pytest
from scipy import sparse

from hearthline.attribution import HomeSums, Terms, fitted_on_sums, sums_of
from hearthline.attribution.additive_hazard import AdditiveHazard
from hearthline.schema.journey import Journeys

MODEL, HOURS, BASE, LIFT, HALF_H = AdditiveHazard(), 480, 0.0004, 0.004, 24.0


def _bursts(part: float, homes: int = 12_000, seed: int = 3) -> Journeys:
    """Return homes of twenty days in which half of the touches are followed by another one in some hours.

    Those do `part` of what the first ones do. A home's journey ends with its first order.
    """
    dice = np.random.default_rng(seed)
    first = dice.uniform(0.0, HOURS, (homes, 2))
    second = np.where(dice.random((homes, 2)) < 0.5, first + dice.uniform(1.0, 12.0, (homes, 2)), np.inf)
    near = np.abs(first[:, :1] - first[:, 1:])[:, 0] < 48.0  # so that nothing else comes again
    first[near, 1] = second[near, 1] = np.inf
    at = np.hstack([first, second])
    each = np.array([1.0, 1.0, part, part])
    hour = np.arange(HOURS)[:, None] + 0.5
    bought = np.full(homes, np.inf)
    for home in range(homes):
        since = hour - at[home]
        acting = np.where(since >= 0.0, 2.0 ** (-np.maximum(since, 0.0) / HALF_H), 0.0) @ each
        won = np.flatnonzero(dice.random(HOURS) < BASE + LIFT * acting)
        bought[home] = won[0] + 0.75 if len(won) else np.inf
    end = np.minimum(bought, HOURS)
    seen = at < end[:, None]
    order = np.argsort(np.where(seen, at, np.inf), axis=1)
    seen, times = np.take_along_axis(seen, order, 1), np.take_along_axis(at, order, 1)
    again = order >= 2
    counts = seen.sum(axis=1)
    return Journeys(
        unit=np.arange(homes),
        converted=np.isfinite(bought),
        value=np.isfinite(bought) * 10.0,
        span_h=end,
        stratum=np.zeros(homes, np.int64),
        strata_h=sparse.csr_array(end[:, None]),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        channel=np.zeros(int(counts.sum()), np.int64),
        gap_h=np.repeat(end, counts) - times[seen],
        place=np.zeros(int(counts.sum()), np.int64),
        expired=sparse.csr_array((homes, 1)),
        lookback_h=np.array([720.0]),
        again=again[seen],
    )


@pytest.mark.parametrize(("part", "near"), [(0.2, 0.15), (1.0, 0.15)])
def test_how_much_a_touch_does_that_comes_again_is_found(part: float, near: float) -> None:
    fit = MODEL.solve(MODEL.gather(_bursts(part)))
    assert fit.again == pytest.approx(part, abs=near)
    assert fit.again <= 1.0
    assert fit.gamma[:, 4:] == pytest.approx(fit.again * fit.gamma[:, :4])


def test_it_earns_as_much_less_as_it_does_less() -> None:
    journeys = _bursts(0.2)
    fit = MODEL.solve(MODEL.gather(journeys))
    share = MODEL.credit(journeys, fit)
    alike = np.isclose(journeys.gap_h, 20.0, atol=4.0) & journeys.converted[journeys.row]
    first, again = (share[alike & (journeys.again == came)].mean() for came in (False, True))
    assert again < 0.6 * first


def test_without_repeats_nothing_is_found_about_them() -> None:
    journeys = _bursts(0.2, homes=500)
    plain = journeys.take(np.flatnonzero(journeys.sum_by_journey(journeys.again.astype(float)) == 0.0))
    assert MODEL.solve(MODEL.gather(plain)).again == 1.0


def test_homes_that_keep_their_journeys_find_the_same_part() -> None:
    journeys = _bursts(0.2, homes=1_500)
    central = MODEL.solve(MODEL.gather(journeys))
    parts = np.array_split(np.arange(journeys.n), 25)
    sums = sums_of([HomeSums(MODEL.gather(journeys.take(rows))) for rows in parts])
    federated = fitted_on_sums(sums, Terms(1, len(MODEL.kernels), 1)).fit
    assert federated.again == pytest.approx(central.again, rel=1e-6)
    assert federated.gamma == pytest.approx(central.gamma, rel=1e-6)
