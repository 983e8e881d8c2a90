from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hearthline.sim.draws import BLOCK, generator, uniform
from hearthline.sim.town import homes_of


@given(st.integers(0, 2**63), st.integers(0, 4000), st.integers(0, 10_000))
def test_an_address_always_gives_the_same_stream(seed: int, day: int, block: int) -> None:
    first = generator(seed, "order", day, block).random(3)
    assert (first == generator(seed, "order", day, block).random(3)).all()


def test_different_addresses_give_different_streams() -> None:
    places = product((1, 2), ("order", "enrol"), (0, 1), (0, 1))
    heads = sorted(float(generator(*place).random()) for place in places)
    assert all(a < b for a, b in pairwise(heads))


def test_streams_of_two_days_do_not_overlap() -> None:
    today, tomorrow = (set(generator(1, "use", day, 0).random(2 * BLOCK).tolist()) for day in (0, 1))
    assert not today & tomorrow


def test_a_longer_life_begins_with_the_same_days() -> None:
    assert (uniform(3, "order", 0, 20)[:10] == uniform(3, "order", 0, 10)).all()


def test_uniforms_are_uniform() -> None:
    draw = uniform(5, "touch0", 2, 100)
    assert abs(float(draw.mean()) - 0.5) < 0.005
    assert np.histogram(draw, 10, (0, 1))[0].std() / draw.size < 0.002


def test_the_segment_shows_the_affinity_through_noise() -> None:
    homes = homes_of(1, 0, BLOCK)
    assert 0.63 < np.corrcoef(homes.segment, homes.affinity)[0, 1] < 0.77
    assert set(np.bincount(homes.segment) > BLOCK / 5) == {True}


def test_devices_are_owned_as_often_as_stated() -> None:
    owned = [homes_of(1, block, BLOCK).owns for block in range(4)]
    share = {kind: np.mean([o[kind].mean() for o in owned]) for kind in owned[0]}
    stated = {"speaker": 0.5, "display": 0.25, "tv": 0.7, "appliance": 0.4, "wearable": 0.35, "vehicle": 0.3}
    assert all(abs(share[kind] - part) < 0.03 for kind, part in stated.items())
