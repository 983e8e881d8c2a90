"""The household bootstrap and its weights."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import pdtr

import hearthline.attribution._intervals as bootstrap
from hearthline.attribution import Band, Drawn, Model, Part, Scales, intervals, load, replicate_weights
from hearthline.attribution._town import Town, told_by
from hearthline.schema.journey import Floats, Journeys, journeys_of


def _town(seed: int, homes: int = 600, channels: int = 4) -> Journeys:
    dice = np.random.default_rng(seed)
    n = homes * 2
    paths = [tuple(dice.integers(0, channels, dice.integers(0, 5))) for _ in range(n)]
    plain = journeys_of(paths, dice.exponential(20.0, n).tolist(), (dice.random(n) < 0.4).tolist(), channels)
    return replace(plain, unit=np.repeat(np.arange(homes) * 7 + 3, 2))


def test_weights_are_poisson_with_mean_one() -> None:
    weights = replicate_weights(np.arange(20_000), 30, seed=1)
    assert weights.mean() == pytest.approx(1.0, abs=0.005)
    assert weights.var() == pytest.approx(1.0, abs=0.01)
    for count in range(4):
        assert (weights <= count).mean() == pytest.approx(pdtr(count, 1.0), abs=0.003)


def test_weights_of_two_replicates_or_seeds_or_neighbours_are_unrelated() -> None:
    one, two = replicate_weights(np.arange(50_000), 6, 1), replicate_weights(np.arange(50_000), 6, 2)
    related = np.corrcoef(np.hstack([one, two]).T) - np.eye(12)
    assert np.abs(related).max() < 0.02
    assert abs(np.corrcoef(one[:-1, 0], one[1:, 0])[0, 1]) < 0.02


@pytest.mark.parametrize("first", [1, 2, 3, 50])
def test_any_block_of_replicates_can_be_made_alone(first: int) -> None:
    units = np.array([5, -9, 2**62, 0])
    assert np.array_equal(
        replicate_weights(units, 60, 4)[:, first : first + 9], replicate_weights(units, 9, 4, first)
    )


@pytest.mark.parametrize("name", ["linear", "markov", "shapley_rate", "markov_global", "additive_hazard"])
def test_blocks_of_replicates_are_what_refitting_one_by_one_gives(name: str) -> None:
    journeys, model = _town(1), load(name)
    units, index = np.unique(journeys.unit, return_inverse=True)
    band = intervals(model, {"person": Part(journeys, journeys)}, 40, seed=3)["person"]
    weights = replicate_weights(units, 40, 3)
    draws = np.stack([_refitted(name, journeys, weights[index, b]) for b in range(40)], axis=1)
    low, high = np.quantile(draws, [0.05, 0.95], axis=1, method="weibull")
    # a Newton step is not a refit, but near one
    near = {"rel": 0.05, "abs": 0.01 * journeys.value.sum()} if name == "additive_hazard" else {"rel": 1e-9}
    assert band.low[:-1] == pytest.approx(np.minimum(low, band.amount[:-1]), **near)
    assert band.high[:-1] == pytest.approx(np.maximum(high, band.amount[:-1]), **near)


def _refitted(name: str, journeys: Journeys, weight: Floats) -> Floats:
    model = load(name)
    shares = model.credit(journeys, model.solve(model.gather(journeys, weight)))
    worth = shares * (journeys.value * weight)[journeys.row]
    return np.bincount(journeys.channel, weights=worth, minlength=journeys.channels)


class _Unknown:
    """A model that offers the protocol and nothing more."""

    name, title, paper, rule, full = "unknown", "Unknown", "", False, True

    def __init__(self) -> None:
        self.inner = load("markov")

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> object:
        return self.inner.gather(journeys, weight)

    def merge(self, left: object, right: object) -> object:
        return self.inner.merge(left, right)

    def solve(self, statistics: object) -> object:
        return self.inner.solve(statistics)

    def solve_beside(self, statistics: object, other: object) -> object:
        return self.inner.solve_beside(statistics, other)

    def credit(self, journeys: Journeys, parameters: object) -> Floats:
        return self.inner.credit(journeys, parameters)


def test_a_model_with_nothing_but_the_protocol_gets_the_same_intervals() -> None:
    parts = {"person": Part(_town(2, homes=80), _town(2, homes=80))}
    plain, fast = intervals(_Unknown(), parts, 12)["all"], intervals(load("markov"), parts, 12)["all"]
    assert plain.amount == pytest.approx(fast.amount)
    assert plain.low == pytest.approx(fast.low)
    assert plain.share_high == pytest.approx(fast.share_high)


def test_machine_placed_orders_are_credited_with_the_fit_of_enrolments() -> None:
    people, enrolments = _town(3), _town(4)
    machine = replace(enrolments, value=10.0 * enrolments.value)
    parts = {"person": Part(people, people), "machine": Part(enrolments, machine, scale=0.5, other=99.0)}
    found = intervals(load("markov"), parts, 20)
    alone = intervals(load("markov"), {"machine": Part(enrolments, enrolments)}, 20)["machine"]
    assert found["machine"].amount[:-1] == pytest.approx(5.0 * alone.amount[:-1])
    total = machine.value[machine.converted].sum() + 99.0
    assert found["machine"].amount.sum() == pytest.approx(total)
    assert found["all"].amount == pytest.approx(found["person"].amount + found["machine"].amount)
    assert found["all"].homes[-1] == len(
        np.union1d(people.unit[people.converted], machine.unit[machine.converted])
    )


def test_a_household_weighs_the_same_in_all_parts() -> None:
    people = _town(5)
    opposite = replace(people, value=people.value)
    both = intervals(load("linear"), {"a": Part(people, people), "b": Part(opposite, opposite)}, 50)
    # perfectly tied parts: deviations add, so the whole is twice as wide, not sqrt(2) times
    assert both["all"].high - both["all"].amount == pytest.approx(2 * (both["a"].high - both["a"].amount))


def test_an_interval_is_as_wide_as_repeated_sampling_says() -> None:
    draws = np.stack([_refitted("linear", _town(100 + s), np.ones(1_200)) for s in range(200)], axis=1)
    band = intervals(load("linear"), {"person": Part(_town(6), _town(6))}, 300)["person"]
    expected = np.quantile(draws, 0.95, axis=1) - np.quantile(draws, 0.05, axis=1)
    assert (band.high - band.low)[:-1] == pytest.approx(expected, rel=0.2)


def test_the_ends_hold_the_next_draw_nine_times_in_ten_however_few_replicates() -> None:
    draws = np.random.default_rng(8).normal(size=(20_000, 41))
    low, high = bootstrap._ends(draws[:, :40])
    assert ((low <= draws[:, 40]) & (draws[:, 40] <= high)).mean() == pytest.approx(0.9, abs=0.01)


def test_a_sample_of_households_gives_about_the_same_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"person": Part(_town(7, homes=4_000), _town(7, homes=4_000), other=500.0)}
    whole = intervals(load("markov"), parts, 200)["person"]
    monkeypatch.setattr(bootstrap, "MOST_UNITS", 1_000)
    sample = intervals(load("markov"), parts, 200)["person"]
    assert sample.amount == pytest.approx(whole.amount)
    assert sample.share_high - sample.share_low == pytest.approx(whole.share_high - whole.share_low, rel=0.35)
    assert sample.high - sample.low == pytest.approx(whole.high - whole.low, rel=0.35)


def test_no_conversions_give_zeros() -> None:
    journeys = journeys_of([(0,), (1,)], converted=[False, False])
    band = intervals(load("additive_hazard"), {"person": Part(journeys, journeys)}, 5)["all"]
    assert band.amount.tolist() == band.share_high.tolist() == [0.0, 0.0, 0.0]
    assert band.homes.tolist() == [0, 0, 0]


def _with_draws(journeys: Journeys, of: Callable[[int, Journeys], Journeys], part: float) -> Drawn:
    """Return so large a part of the homes as eight draws have them."""
    units = np.unique(journeys.unit)
    units = units[: round(part * len(units))]
    some = journeys.take(np.flatnonzero(np.isin(journeys.unit, units)))
    drawn = [of(number, some) for number in range(8)]
    return Drawn(units, tuple({"person": Part(j, j)} for j in drawn))


@pytest.mark.parametrize("part", [0.05, 0.6, 1.0])
@pytest.mark.parametrize("name", ["linear", "markov", "shapley_rate", "markov_global", "additive_hazard"])
def test_draws_in_which_every_link_holds_change_nothing(name: str, part: float) -> None:
    journeys, model = _town(11, homes=200), load(name)
    parts = {"person": Part(journeys, journeys, other=7.0)}
    plain = intervals(model, parts, 24)["person"]
    same = intervals(model, parts, 24, drawn=_with_draws(journeys, lambda _, j: j, part))["person"]
    for end in ("amount", "low", "high", "share_low", "share_high", "homes"):
        assert getattr(same, end) == pytest.approx(getattr(plain, end), rel=1e-6)


@pytest.mark.parametrize("part", [0.3, 0.9])
@pytest.mark.parametrize("name", ["linear", "markov", "additive_hazard"])
def test_touches_that_hang_on_a_doubtful_link_widen_the_interval_and_leave_the_amount(
    name: str, part: float
) -> None:
    journeys, model = _town(12), load(name)
    parts = {"person": Part(journeys, journeys)}

    def without(number: int, some: Journeys) -> Journeys:
        """Return the homes without their touches of the first channel in every other draw."""
        return some._only(some.channel != 0) if number % 2 else some

    plain = intervals(model, parts, 80)["person"]
    found = intervals(model, parts, 80, drawn=_with_draws(journeys, without, part))["person"]
    assert found.amount == pytest.approx(plain.amount, rel=1e-12)
    lost, before = found.amount - found.low, plain.amount - plain.low
    assert lost[0] > before[0] + 0.3 * part * plain.amount[0]
    for low, high in (("low", "high"), ("share_low", "share_high")):  # doubt makes nothing surer
        assert (getattr(found, low) <= (1 + 1e-9) * getattr(plain, low)).all()
        assert (getattr(found, high) >= (1 - 1e-9) * getattr(plain, high)).all()
    assert (found.high - found.amount)[0] == pytest.approx((plain.high - plain.amount)[0], rel=0.5)


@pytest.mark.parametrize("part", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("name", ["linear", "markov", "additive_hazard"])
def test_what_is_owed_is_drawn_in_each_replicate_and_the_amount_stays(name: str, part: float) -> None:
    journeys, model = _town(13), load(name)
    ones, age_h = np.ones(journeys.n), np.full(journeys.n, 100.0)

    def found(spread: float) -> Band:
        dice = np.random.default_rng(2)
        gone = 0.4 + spread * dice.normal(size=200)
        owed = Scales(ones, age_h, gone, np.full(1, 0.001))
        mine = Part(journeys, journeys, scale=0.6 * np.exp(-0.1), scales=owed)
        drawn = None
        if part:
            drawn = _with_draws(journeys, lambda _, j: j, part)
            some = [
                replace(p["person"], scales=owed.take(np.arange(p["person"].credit.n))) for p in drawn.draws
            ]
            drawn = replace(drawn, draws=tuple({"person": replace(p, scale=mine.scale)} for p in some))
        return intervals(model, {"person": mine}, 200, drawn=drawn)["person"]

    plain = intervals(model, {"person": Part(journeys, journeys, scale=0.6 * np.exp(-0.1))}, 200)["person"]
    fixed, moved = found(0.0), found(0.1)
    for end in ("amount", "low", "high"):
        assert getattr(fixed, end) == pytest.approx(getattr(plain, end), rel=1e-3, abs=0.5)
    assert moved.amount == pytest.approx(plain.amount)
    before, after = (b.high - b.low for b in (plain, moved))
    # chance in what is owed is beside chance in homes: a sixth of the amount, times 2 * 1.645
    expected = np.hypot(before, 2 * 1.645 * moved.amount / 6.0)[:-1]
    assert after[:-1] == pytest.approx(expected, rel=0.25)


def test_a_draw_without_one_kind_of_order_still_tells_the_fit_that_kinds_share() -> None:
    journeys, model = _town(14, homes=200), load("markov")
    parts = {"subscription": Part(journeys, journeys), "machine": Part(journeys, journeys)}
    town = Town(model, {k: replace(p, parameters=_fit(model, p)) for k, p in parts.items()}, [parts])
    whole, one = town.groups[0], town.group({"machine": parts["machine"]})
    weights = np.ones((len(whole.units), 1))
    told, again = (told_by([(group, weights)])["subscription"] for group in (whole, one))
    assert np.array_equal(told.sums, again.sums)


def _fit(model: Model, part: Part) -> object:
    return model.solve(model.gather(part.fit))
