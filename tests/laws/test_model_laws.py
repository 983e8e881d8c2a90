"""What every attribution model must keep, whatever its idea. Runs over all that are discovered."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from tests.strategies import batches

from hearthline import attribution
from hearthline.attribution import load, names, split
from hearthline.schema.journey import Journeys, journeys_of

every_model = pytest.mark.parametrize("name", names())
# the same examples on every machine: a law is no place for luck
calm = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def _shares(name: str, journeys: Journeys, weight: np.ndarray | None = None) -> np.ndarray:
    model = load(name)
    return model.credit(journeys, model.solve(model.gather(journeys, weight)))


def _joined(left: Journeys, right: Journeys) -> Journeys:
    return replace(
        left,
        **{
            name: np.concatenate([getattr(left, name), getattr(right, name)])
            for name in ("unit", "converted", "value", "span_h", "stratum", "channel", "gap_h", "place")
        },
        strata_h=sparse.csr_array(sparse.vstack([left.strata_h, right.strata_h])),
        expired=sparse.csr_array(sparse.vstack([left.expired, right.expired])),
        offsets=np.concatenate([left.offsets, left.offsets[-1] + right.offsets[1:]]),
    )


def _amounts(journeys: Journeys, shares: np.ndarray) -> np.ndarray:
    worth = shares * journeys.value[journeys.row]
    return np.bincount(journeys.channel, weights=worth, minlength=journeys.channels)


@every_model
def test_a_model_is_named_after_its_module_and_says_what_it_is(name: str) -> None:
    model = load(name)
    assert model.name == name
    assert model.title
    assert isinstance(model.rule, bool)
    assert isinstance(model.full, bool)


@every_model
def test_a_model_has_its_section_in_the_docs(name: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "models.md"
    assert f"## `{name}`" in page.read_text()


@every_model
@calm
@given(journeys=batches())
def test_credit_sums_to_value(name: str, journeys: Journeys) -> None:
    model, shares = load(name), _shares(name, journeys)
    total = journeys.sum_by_journey(shares)
    touched = journeys.converted & (journeys.lengths > 0)
    if model.full:
        assert np.allclose(total[touched], 1.0, atol=1e-12)
    assert np.all(total <= 1.0 + 1e-12)
    assert np.all(total[~touched] == 0.0)


@every_model
@calm
@given(journeys=batches())
def test_every_touch_has_one_number_and_none_is_negative(name: str, journeys: Journeys) -> None:
    shares = _shares(name, journeys)
    assert shares.shape == journeys.channel.shape
    assert np.all(np.isfinite(shares))
    assert np.all(shares >= 0.0)


@every_model
@calm
@given(journeys=batches(), data=st.data())
def test_the_order_of_journeys_has_no_effect(name: str, journeys: Journeys, data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(journeys.n))), dtype=np.int64)
    touch = replace(journeys, place=np.arange(len(journeys.channel))).take(order).place
    assert np.allclose(_shares(name, journeys.take(order)), _shares(name, journeys)[touch], atol=1e-9)


@every_model
@calm
@given(journeys=batches(), data=st.data())
def test_renaming_channels_renames_credit(name: str, journeys: Journeys, data: st.DataObject) -> None:
    new = np.array(data.draw(st.permutations(range(journeys.channels))), dtype=np.int64)
    old = np.argsort(new)
    renamed = replace(
        journeys,
        channel=new[journeys.channel],
        lookback_h=journeys.lookback_h[old],
        direct=journeys.direct[old],
        expired=sparse.csr_array(journeys.expired.toarray()[:, old]),
    )
    assert np.allclose(_shares(name, renamed), _shares(name, journeys), atol=1e-9)


@every_model
@calm
@given(journeys=batches())
def test_doubling_value_doubles_credit(name: str, journeys: Journeys) -> None:
    richer = replace(journeys, value=2.0 * journeys.value)
    once = _amounts(journeys, _shares(name, journeys))
    assert np.allclose(_amounts(richer, _shares(name, richer)), 2.0 * once, rtol=1e-9)


@every_model
def test_nothing_in_gives_nothing_out(name: str) -> None:
    assert _shares(name, journeys_of([], channels=3)).shape == (0,)
    assert _shares(name, journeys_of([(), ()], channels=3)).shape == (0,)


@every_model
def test_no_conversion_gives_no_credit(name: str) -> None:
    assert _shares(name, journeys_of([(0, 1), (1,)], converted=[False, False])).tolist() == [0.0, 0.0, 0.0]


@every_model
@calm
@given(journeys=batches())
def test_the_input_is_left_as_it_was(name: str, journeys: Journeys) -> None:
    before = _bytes(journeys)
    _shares(name, journeys)
    assert _bytes(journeys) == before


def _bytes(journeys: Journeys) -> list[bytes]:
    found = []
    for column in fields(journeys):
        value = getattr(journeys, column.name)
        found.append((value.toarray() if sparse.issparse(value) else value).tobytes())
    return found


@every_model
@calm
@given(journeys=batches())
def test_the_same_input_gives_the_same_bytes(name: str, journeys: Journeys) -> None:
    assert _shares(name, journeys).tobytes() == _shares(name, journeys).tobytes()


@every_model
@calm
@given(left=batches(), right=batches())
def test_statistics_of_parts_add_up_to_those_of_the_whole(name: str, left: Journeys, right: Journeys) -> None:
    right = replace(right, direct=left.direct)
    model, both = load(name), _joined(left, right)
    parts = model.solve(model.merge(model.gather(left), model.gather(right)))
    whole = model.solve(model.gather(both))
    assert np.allclose(model.credit(both, parts), model.credit(both, whole), atol=1e-9)


@every_model
@calm
@given(journeys=batches())
def test_a_weight_of_two_is_the_journey_twice(name: str, journeys: Journeys) -> None:
    model, weight = load(name), np.where(np.arange(journeys.n) % 2, 2.0, 1.0)
    twice = journeys.take(np.repeat(np.arange(journeys.n), weight.astype(np.int64)))
    weighted = model.solve(model.gather(journeys, weight))
    repeated = model.solve(model.gather(twice))
    assert np.allclose(model.credit(journeys, weighted), model.credit(journeys, repeated), atol=1e-9)


@every_model
@calm
@given(journeys=batches(), value=st.integers(0, 10**13))
def test_money_is_split_to_the_last_micro(name: str, journeys: Journeys, value: int) -> None:
    model, shares = load(name), _shares(name, journeys)
    values = np.where(journeys.converted, value + np.arange(journeys.n), 0)
    amounts = split(values, shares, journeys.offsets)
    paid = np.zeros(journeys.n, np.int64)
    np.add.at(paid, journeys.row, amounts)
    assert np.all(amounts >= 0)
    assert np.all(paid <= values)
    if model.full:
        touched = journeys.lengths > 0
        assert np.array_equal(paid[touched], values[touched])


@every_model
def test_a_channel_that_nobody_touched_earns_nothing(name: str) -> None:
    journeys = journeys_of([(0, 2), (2,), (0,)] * 3, converted=[True, False, True] * 3, channels=4)
    amounts = _amounts(journeys, _shares(name, journeys))
    assert amounts[1] == amounts[3] == 0.0
    assert amounts[0] > 0.0


@every_model
def test_one_channel_earns_what_is_credited(name: str) -> None:
    journeys = journeys_of([(0,), (0, 0), (0,)], converted=[True, True, False])
    assert _amounts(journeys, _shares(name, journeys))[0] > 0.0


@every_model
@calm
@given(journeys=batches(least=4), seed=st.integers(0, 2**31))
def test_intervals_hold_the_amounts_and_add_up(name: str, journeys: Journeys, seed: int) -> None:
    model = load(name)
    found = attribution.intervals(model, {"person": attribution.Part(journeys, journeys)}, 8, seed)
    amounts = _amounts(journeys, _shares(name, journeys))
    band, value = found["person"], journeys.value[journeys.converted].sum()
    assert np.allclose(band.amount[:-1], amounts, rtol=1e-9, atol=1e-9)
    assert np.isclose(band.amount.sum(), value)
    assert np.all(band.low <= band.amount)
    assert np.all(band.amount <= band.high)
    again = attribution.intervals(model, {"person": attribution.Part(journeys, journeys)}, 8, seed)
    assert again["all"].low.tobytes() == found["all"].low.tobytes()
