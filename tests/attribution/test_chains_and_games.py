"""Identities that chains and games keep whatever the data."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.attribution import _chain
from hearthline.attribution._chain import chain_of, count_walks, removal_effects
from hearthline.attribution._closed_form import closed_form
from hearthline.attribution._game import shapley_values, subset_sums
from hearthline.attribution.markov import Markov
from hearthline.attribution.markov_global import MarkovGlobal
from hearthline.attribution.shapley import Shapley
from hearthline.attribution.shapley_rate import ShapleyRate
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Journeys, journeys_of

calm = settings(max_examples=30, deadline=None, derandomize=True)


def _town(seed: int, n: int = 400, channels: int = 5) -> Journeys:
    dice = np.random.default_rng(seed)
    paths = [tuple(dice.integers(0, channels, dice.integers(1, 7))) for _ in range(n)]
    return journeys_of(
        paths,
        converted=(dice.random(n) < 0.3).tolist(),
        value=dice.exponential(9.0, n).tolist(),
        channels=channels,
    )


@pytest.mark.parametrize("order", [1, 2, 3, 7])
def test_a_chain_of_any_order_converts_at_the_rate_seen(order: int) -> None:
    journeys = _town(1)
    fit = removal_effects(count_walks(journeys, order))
    assert fit.conversion == pytest.approx(journeys.converted.mean(), abs=1e-12)


def test_a_chain_that_remembers_all_loses_exactly_the_journeys_that_touched() -> None:
    journeys = _town(2)
    fit = removal_effects(count_walks(journeys, 6))
    won = journeys.take(np.flatnonzero(journeys.converted))
    share = [len(np.unique(won.row[won.channel == c])) / won.n for c in range(5)]
    assert fit.effect == pytest.approx(share, abs=1e-12)


def test_the_closed_form_is_what_deleting_and_solving_again_gives() -> None:
    walks = count_walks(_town(3), 1)
    chain, fit = chain_of(walks), removal_effects(walks)
    step = chain.step.toarray()
    for c in range(5):
        kept = (chain.channel != c).astype(float)
        reach = np.linalg.solve(np.eye(5) - step * kept[:, None], chain.buy * kept)
        left = chain.start @ reach + chain.start_buy
        assert fit.effect[c] == pytest.approx(1.0 - left / fit.conversion, abs=1e-12)


def test_the_fixed_point_agrees_with_the_closed_form() -> None:
    chain = chain_of(count_walks(_town(4), 1))
    conversion, effect = closed_form(chain.step.toarray(), chain.buy, chain.start, chain.start_buy)
    left = _chain._without(chain, np.arange(5))
    assert 1.0 - left / conversion == pytest.approx(effect[np.argsort(chain.channel)], abs=1e-12)


def test_a_very_long_loop_is_solved_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chain, "_ROUNDS", 5)
    journeys = journeys_of([(0, 1) * 200, (0, 2), (2,)], converted=[True, False, True])
    fit = removal_effects(count_walks(journeys, 2))
    assert fit.conversion == pytest.approx(2 / 3, abs=1e-9)
    assert fit.effect == pytest.approx([0.5, 0.5, 0.5], abs=1e-9)


def test_removing_a_channel_that_only_lost_journeys_touch_loses_nothing() -> None:
    fit = removal_effects(count_walks(journeys_of([(0,), (1,)], converted=[True, False]), 1))
    assert fit.effect.tolist() == [1.0, 0.0]


def test_counts_of_two_days_are_bitwise_those_of_both() -> None:
    journeys = _town(5)
    both = count_walks(journeys, 2)
    days = [count_walks(journeys.take(np.arange(i, 400, 2)), 2) for i in range(2)]
    added = _chain.add_walks(*days)
    assert added.key.tobytes() == both.key.tobytes()
    assert added.count.tobytes() == both.count.tobytes()


def test_too_many_channels_for_a_chain_are_refused_with_the_cure() -> None:
    journeys = journeys_of([(c,) for c in range(4_001)])
    with pytest.raises(NothingToAnswer, match="got 4001; group rare ones"):
        removal_effects(count_walks(journeys, 1))
    with pytest.raises(NothingToAnswer, match="lower the order"):
        count_walks(journeys_of([(0,)], channels=100_000), 2)


def test_a_million_channels_are_refused_or_credited() -> None:
    journeys = journeys_of([(7, 999_999), (3,)], channels=1_000_000)
    assert Markov().solve(Markov().gather(journeys)).effect[7] > 0.0
    with pytest.raises(NothingToAnswer, match="at most 62 channels"):
        ShapleyRate().gather(journeys)


def test_raked_credit_sums_to_the_classic_totals() -> None:
    journeys, model = _town(6), MarkovGlobal()
    fit = model.solve(model.gather(journeys))
    worth = model.credit(journeys, fit) * journeys.value[journeys.row]
    amounts = np.bincount(journeys.channel, weights=worth)
    value = journeys.value[journeys.converted].sum()
    assert amounts == pytest.approx(model.totals(fit, value), rel=1e-6)


@calm
@given(st.lists(st.floats(-10, 10), min_size=16, max_size=16))
def test_shapley_values_sum_to_the_worth_of_all(worth: list[float]) -> None:
    assert shapley_values(np.array(worth)).sum() == pytest.approx(worth[-1] - worth[0], abs=1e-9)


@calm
@given(st.lists(st.floats(-10, 10), min_size=8, max_size=8))
def test_shapley_values_are_means_over_all_orders_of_joining(worth: list[float]) -> None:
    mean = np.zeros(3)
    for order in permutations(range(3)):
        there = 0
        for player in order:
            mean[player] += (worth[there | 1 << player] - worth[there]) / 6
            there |= 1 << player
    assert shapley_values(np.array(worth)) == pytest.approx(mean, abs=1e-9)


def test_a_null_player_gets_nothing_and_twins_get_the_same() -> None:
    worth = np.array([[0, 1, 1, 4][s & 3] for s in range(8)], dtype=float)
    values = shapley_values(worth)
    assert values[2] == 0.0
    assert values[0] == values[1] == 2.0


def test_the_count_game_is_linear_over_distinct_channels() -> None:
    journeys = _town(7, n=200)
    worth = np.zeros(32)
    for i in np.flatnonzero(journeys.converted):
        touched = set(journeys.channel[journeys.offsets[i] : journeys.offsets[i + 1]].tolist())
        worth[sum(1 << c for c in touched)] += journeys.value[i]
    shares = Shapley().credit(journeys) * journeys.value[journeys.row]
    amounts = np.bincount(journeys.channel, weights=shares)
    assert amounts == pytest.approx(shapley_values(subset_sums(worth)), abs=1e-9)


def test_a_channel_that_lowers_the_rate_is_reported_negative_and_its_part_kept_back() -> None:
    journeys = journeys_of([(0,)] * 4 + [(1,)] * 4 + [(0, 1)], converted=[True] * 4 + [False] * 4 + [True])
    fit = ShapleyRate().solve(ShapleyRate().gather(journeys))
    assert fit.value[1] < 0.0 < fit.value[0]
    assert fit.value.sum() == pytest.approx(fit.rate)
    shares = ShapleyRate().credit(journeys, fit)
    assert shares[-1] == 0.0
    assert shares[-2] == pytest.approx(fit.value[0] / np.abs(fit.value).sum())


def test_more_than_twenty_channels_are_too_many_for_all_coalitions() -> None:
    journeys = journeys_of([(c,) for c in range(21)])
    with pytest.raises(NothingToAnswer, match="got 21; group rare ones"):
        ShapleyRate().solve(ShapleyRate().gather(journeys))
