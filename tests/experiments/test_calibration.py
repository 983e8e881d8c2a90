"""What a model learns from lifts: the update is exact, and moves what was not tested, too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.experiments import Belief, Observed, agreement, calibration, chosen, prior, updated
from hearthline.reports import calibrated

CREDIT, ERROR = np.array([100.0, 60.0, 30.0, 0.0]), np.array([6.0, 5.0, 4.0, 1.0])


def lift(channel, amount, error, part=1.0, channels=4):
    weight = np.zeros((1, channels))
    weight[0, channel] = part
    return Observed(weight, np.array([amount]), np.array([error]))


def both(one, other):
    return Observed(
        *(np.concatenate([getattr(o, f) for o in (one, other)]) for f in ("weight", "amount", "error"))
    )


def test_the_report_says_the_sizes_that_are_used():
    for size, word in ((calibration.SHARED, "20%"), (calibration.KIN, "20%"), (calibration.OWN, "20%")):
        assert f"{size:.0%}" == word
        assert word in calibrated.DEFINITION


def test_without_lifts_nothing_is_learned():
    before = prior(CREDIT, ERROR)
    nothing = Observed(np.zeros((0, 4)), np.zeros(0), np.zeros(0))
    assert updated(before, nothing) is before
    assert before.mean.tolist() == CREDIT.tolist()


def test_one_channel_alone_is_the_textbook_average():
    before = Belief(np.array([100.0]), np.array([[400.0]]))
    after = updated(before, lift(0, 40.0, 10.0, channels=1))
    assert after.mean[0] == pytest.approx((100 / 400 + 40 / 100) / (1 / 400 + 1 / 100))
    assert after.error[0] ** 2 == pytest.approx(1 / (1 / 400 + 1 / 100))


def test_a_lift_far_below_the_credit_pulls_the_other_channels_down_too():
    after = updated(prior(CREDIT, ERROR), lift(0, 40.0, 4.0))
    assert after.mean[0] == pytest.approx(40.0, abs=3.0)
    assert (after.mean[1:3] < 0.8 * CREDIT[1:3]).all()


def test_channels_of_one_stage_learn_more_from_each_other():
    after = updated(prior(CREDIT, ERROR, group=np.array([0, 0, 1, 1])), lift(0, 40.0, 4.0))
    kin, other = after.mean[1] / CREDIT[1], after.mean[2] / CREDIT[2]
    assert kin < other - 0.05


def test_where_a_lift_sides_with_the_other_model_all_channels_move_towards_it():
    other = np.array([40.0, 90.0, 30.0, 20.0])
    after = updated(prior(CREDIT, ERROR, other=other), lift(0, 40.0, 4.0))
    alone = updated(prior(CREDIT, ERROR), lift(0, 40.0, 4.0))
    assert after.mean[1] > alone.mean[1] + 20.0
    assert after.mean[3] > alone.mean[3] + 5.0


def test_where_a_lift_confirms_the_credit_the_other_model_counts_for_nothing():
    other = np.array([40.0, 90.0, 30.0, 20.0])
    after = updated(prior(CREDIT, ERROR, other=other), lift(0, 100.0, 4.0))
    assert np.allclose(after.mean, CREDIT, atol=1e-6)


def test_a_channel_without_credit_can_be_found_to_work():
    assert updated(prior(CREDIT, ERROR), lift(3, 50.0, 5.0)).mean[3] > 30.0


def test_an_experiment_in_half_of_the_time_shows_half_of_the_effect():
    after = updated(prior(CREDIT, ERROR), lift(0, 30.0, 1.0, part=0.5))
    assert after.mean[0] == pytest.approx(60.0, abs=2.0)


def test_what_is_wrong_for_all_channels_is_wrong_for_both_kinds_of_orders():
    credit = np.stack([CREDIT, CREDIT / 4])
    before = prior(credit, np.stack([ERROR, ERROR]))
    after = updated(before, lift(0, 50.0, 2.0, channels=8))
    assert (after.mean[4:7] < before.mean[4:7] - 0.05 * before.mean[4:7]).all()
    assert np.allclose(before.covariance[:4, :4], prior(CREDIT, ERROR).covariance)


def test_what_no_model_leads_is_doubted_twice_as_far():
    alone = prior(CREDIT, np.zeros(4), wide=calibration.ALONE)
    assert np.allclose(alone.error, 2 * prior(CREDIT, np.zeros(4)).error)


amounts = st.floats(-500, 500)


@settings(deadline=None, max_examples=60)
@given(amounts, amounts, st.floats(0.1, 1000), st.floats(0.1, 1000), st.integers(0, 3), st.integers(0, 3))
def test_the_order_of_experiments_has_no_meaning_and_doubt_never_grows(a, b, u, v, i, j):
    before, one, other = prior(CREDIT, ERROR), lift(i, a, u), lift(j, b, v)
    step = updated(updated(before, one), other)
    at_once, turned = updated(before, both(one, other)), updated(updated(before, other), one)
    for found in (at_once, turned):
        assert np.allclose(step.mean, found.mean, rtol=1e-5, atol=1e-4)
        assert np.allclose(step.covariance, found.covariance, rtol=1e-5, atol=1e-3)
    assert (step.error <= before.error + 1e-9).all()
    assert np.allclose(step.covariance, step.covariance.T)
    assert np.linalg.eigvalsh(step.covariance).min() > -1e-6


@settings(deadline=None, max_examples=30)
@given(st.floats(1e-3, 1e6))
def test_the_currency_has_no_meaning(rate):
    plain = updated(prior(CREDIT, ERROR), lift(0, 40.0, 4.0))
    paid = updated(prior(CREDIT * rate, ERROR * rate), lift(0, 40.0 * rate, 4.0 * rate))
    assert np.allclose(paid.mean, plain.mean * rate, rtol=1e-6)


def test_the_names_of_channels_have_no_meaning():
    turned = np.array([2, 0, 3, 1])
    plain = updated(prior(CREDIT, ERROR), lift(0, 40.0, 4.0))
    other = updated(prior(CREDIT[turned], ERROR[turned]), lift(1, 40.0, 4.0))
    assert np.allclose(other.mean, plain.mean[turned])


def test_a_model_that_says_twice_as_much_disagrees():
    seen = lift(0, 50.0, 10.0)
    assert agreement(np.array([100.0]), np.array([5.0]), seen)[0] < -4
    assert abs(agreement(np.array([55.0]), np.array([5.0]), seen)[0]) < 1.64


def test_what_is_large_and_doubtful_is_tested_first():
    belief = prior(CREDIT, ERROR)
    assert chosen(belief, np.ones(4), np.full(4, 5.0), 2).tolist()[0] == 0
    blind = chosen(belief, np.array([0.0, 1.0, 1.0, 1.0]), np.full(4, 5.0), 1)
    assert blind.tolist() == [1]
