"""What is not owed to touches: displaced orders, and touches that do less while a machine orders."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from hearthline.attribution import (
    Estimate,
    HomeSums,
    Spells,
    Terms,
    by_itself_an_hour,
    displaced_part,
    fitted_on_sums,
    replicate_weights,
    sums_of,
)
from hearthline.attribution.additive_hazard import AdditiveHazard
from hearthline.pipeline.credit.orders import Book, Enrolments, Orders
from hearthline.pipeline.credit.owing import Owing
from hearthline.schema.journey import Journeys

DAY_H = 24.0
_COLUMNS = ("before", "during", "before_h", "during_h", "automated")


def _homes(left: float, seed: int = 5, homes: int = 4000) -> tuple[Spells, float]:
    """Return homes that differ, and the part of machine orders' money that would have come by hand."""
    dice = np.random.default_rng(seed)
    rate = dice.gamma(1.5, 0.02, homes)  # orders a day
    before, during = dice.uniform(10.0, 90.0, homes), dice.uniform(10.0, 90.0, homes)
    machine = dice.poisson(0.03 * during)
    spells = Spells(
        unit=np.arange(homes),
        before=dice.poisson(rate * before).astype(float),
        during=dice.poisson(left * rate * during).astype(float),
        before_h=before * DAY_H,
        during_h=during * DAY_H,
        automated=machine * 12.0,
        by_hand=10.0,
    )
    return spells, (1.0 - left) * float((rate * during).sum()) * 10.0 / float(machine.sum() * 12.0)


@pytest.mark.parametrize("left", [0.3, 0.8, 1.0])
def test_each_home_is_its_own_control(left: float) -> None:
    spells, truth = _homes(left)
    found = displaced_part(spells)
    assert found is not None
    assert found.value == pytest.approx(truth, abs=0.06)
    assert found.high - found.low < 0.25


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(60):
        spells, truth = _homes(0.5, seed, homes=300)
        found = displaced_part(spells, seed=seed)
        held += found is not None and found.low <= truth <= found.high
    assert 47 <= held <= 60


def test_where_nothing_says_there_is_no_estimate() -> None:
    spells, _ = _homes(0.5, homes=10)
    nothing = np.zeros(10)
    assert displaced_part(Spells(spells.unit, nothing, nothing, nothing, nothing, nothing, 1.0)) is None


def test_what_came_by_itself_is_told_from_what_touches_caused() -> None:
    journeys = _acting(1.0)
    free = journeys.take(np.flatnonzero(~journeys.held))
    model = AdditiveHazard()
    fit = model.solve(model.gather(free))
    found = by_itself_an_hour(*model.baseline(fit))
    assert found.value == pytest.approx(0.001, rel=0.15)
    assert found.low < found.value < found.high


def test_orders_are_owed_until_the_home_would_have_enrolled_by_itself() -> None:
    names, half_life = pa.array(["a"]), 240.0
    rate = float(np.log(2.0)) / half_life
    since, none = np.array([0, 10, 20, 5]) * 24 * 3_600_000, np.zeros(1, np.int64)
    enrolments = Enrolments(names, names, none + 7, none == 0, none + 1_000, none + 10**15)
    orders = Orders(
        id=pa.array(["o"] * 4),
        shop=pa.array(["s"] * 4).dictionary_encode(),
        unit=np.full(4, 7),
        housed=np.ones(4, np.bool_),
        time_ms=since + 1_000,
        micros=np.full(4, 10_000_000),
        enrolment=np.array([0, 0, 0, -1]),
        cycle=np.array([1, 2, 3, 0]),
    )
    gone, forward = Estimate(0.2, 0.1, 0.3, 50), Estimate(0.0, 0.0, 0.0, 0)
    by_itself = Estimate(rate, 0.9 * rate, 1.1 * rate, 0)
    owing = Owing({"machine": gone}, forward, 1.0, by_itself, frozenset())
    assert owing.automated("machine", orders, enrolments)[:3] == pytest.approx([0.8, 0.4, 0.2])


def _acting(part: float, seed: int = 2, n: int = 16_000) -> Journeys:
    """Return journeys of ten days with a touch at their start, which does `part` while an enrolment goes on."""
    dice = np.random.default_rng(seed)
    held = np.arange(n) % 2 == 1
    hour = np.arange(240.0)
    base = np.where(held, 0.0004, 0.001)[:, None]
    rate = base + np.where(held, part, 1.0)[:, None] * 0.004 * 2.0 ** (-hour / 24.0)
    bought = dice.random((n, 240)) < rate
    won = bought.any(axis=1)
    span = np.where(won, bought.argmax(axis=1) + 0.5, 240.0)
    stratum = held.astype(np.int64)
    return Journeys(
        unit=np.arange(n) // 2,
        converted=won,
        value=won.astype(float),
        span_h=span,
        stratum=stratum,
        strata_h=sparse.csr_array((span, (np.arange(n), stratum)), shape=(n, 2)),
        offsets=np.arange(n + 1),
        channel=np.zeros(n, np.int64),
        gap_h=span,
        place=np.zeros(n, np.int64),
        expired=sparse.csr_array((n, 1)),
        lookback_h=np.array([720.0]),
        held=held,
    )


@pytest.mark.parametrize("part", [0.2, 1.0])
def test_how_much_touches_do_while_enrolled_is_found(part: float) -> None:
    model = AdditiveHazard()
    assert model.solve(model.gather(_acting(part))).held == pytest.approx(part, abs=0.15)


def test_homes_that_keep_their_journeys_find_the_same_part() -> None:
    model, journeys = AdditiveHazard(), _acting(0.3, n=2_000)
    central = model.solve(model.gather(journeys))
    parts = [
        *np.array_split(np.flatnonzero(journeys.held), 20),
        *np.array_split(np.flatnonzero(~journeys.held), 20),
    ]
    sums = sums_of([HomeSums(model.gather(journeys.take(rows))) for rows in parts])
    federated = fitted_on_sums(sums, Terms(1, len(model.kernels), 2)).fit
    assert federated.held == pytest.approx(central.held, rel=1e-6)
    assert federated.gamma == pytest.approx(central.gamma, rel=1e-6)


def test_draws_of_what_is_displaced_weigh_homes_as_replicates_do() -> None:
    spells, _ = _homes(0.5, homes=300)
    found = displaced_part(spells, 50, seed=3)
    assert found is not None
    weights = replicate_weights(spells.unit, 50, seed=3)
    for number in (0, 7, 49):
        again = spells.unit.repeat(weights[:, number].astype(int))
        one = replace(spells, **{n: getattr(spells, n)[again] for n in _COLUMNS}, unit=np.arange(len(again)))
        alone = displaced_part(one, 2)
        assert alone is not None
        assert found.drawn()[number] == pytest.approx(alone.value, abs=1e-6)
    assert Estimate(0.3, 0.3, 0.3, 0).drawn(2.0).tolist() == [0.3]
    assert np.ptp(found.drawn(0.5)) == pytest.approx(0.5 * np.ptp(found.drawn()))


def test_owed_parts_are_drawn_for_automated_orders_and_where_a_model_knows_for_those_by_hand() -> None:
    said, drawn = Estimate(0.2, 0.2, 0.2, 0), Estimate(0.2, 0.1, 0.3, 9, np.array([0.1, 0.3]))
    none = np.zeros(0, np.int64)
    names = pa.array(["e"], pa.string())
    enrolments = Enrolments(
        names, names, np.ones(1, int), np.ones(1, bool), np.zeros(1, int), np.ones(1, int)
    )
    hour = 3_600_000
    orders = Orders(
        names,
        names.dictionary_encode(),
        np.ones(1, int),
        np.ones(1, bool),
        np.full(1, 10 * hour),
        np.ones(1, int),
        np.zeros(1, int),
        np.ones(1, int),
    )
    nameless = pa.array([], pa.string())
    empty = Orders(nameless, nameless.dictionary_encode(), none, none.astype(bool), none, none, none, none)
    book = Book(orders, empty, orders, enrolments)
    rate = Estimate(0.01, 0.0, 0.1, 0, np.array([0.0, 0.1]))
    owing = Owing({"machine": drawn, "subscription": said}, drawn, 1.0, rate, frozenset())
    found = owing.scales("machine", np.zeros(1, int), book, reaching=False)
    assert found is not None
    assert found.under(np.arange(3)).tolist() == [pytest.approx([0.9, 0.7 * np.exp(-1.0), 0.9])]
    by_hand = owing.scales("person", np.zeros(1, int), book, reaching=True)
    assert by_hand is not None
    assert by_hand.under(np.arange(2)).tolist() == [pytest.approx([0.9, 0.7])]
    assert owing.scales("person", np.zeros(1, int), book, reaching=False) is None
    fixed = Owing({"machine": said}, said, 0.9, said, frozenset())
    assert fixed.scales("machine", np.zeros(1, int), book, reaching=True) is None
