"""Days on top of days where everything names networks: each increment is as a rebuild, on every table."""

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.identity import Observed, Policies, Resolution, resolve
from hearthline.identity.parts import Known, changed, news, seen_now, together_again
from hearthline.schema.arrow import Names
from tests.identity.conftest import Row, ids, observed
from tests.identity.test_parts import alike

POLICIES = Policies({})


@dataclass(frozen=True)
class Seen:
    """Somebody or something on a network in one night."""

    day: int
    names: Names


def told(seen: list[Seen]) -> Observed:
    """What a run sees of these: one row an identity, with the nights on which it was seen."""
    days: dict[str, list[int]] = defaultdict(list)
    names: dict[str, Names] = {}
    for one in seen:
        days[repr(one.names)].append(one.day)
        names[repr(one.names)] = one.names
    rows: list[Row] = [(names[k], float(min(d)), float(max(d)), len(d)) for k, d in days.items()]
    return observed(rows, nights={n: len(set(d)) for n, d in enumerate(days.values())})


def next_day(before: Known, now: Observed) -> Known:
    """The state after an increment, made as a run makes it: from the state before, not from a full run."""
    touched = news(before, seen_now(now), now)
    assert touched is not None
    mine = pa.array(touched.identities)
    assert now.nights is not None
    part = replace(
        now,
        observations=now.observations.filter(pc.is_in(now.observations["identity"], value_set=mine)),
        identities=now.identities.filter(pc.is_in(now.identities["identity"], value_set=mine)),
        nights=now.nights.filter(pc.is_in(now.nights["identity"], value_set=mine)),
        crowded=before.found.crowded,
    )
    found = together_again(before, touched, resolve(part, POLICIES))
    return Known(found, seen_now(now), pa.array([], pa.string()))


def whole(now: Observed) -> Resolution:
    return resolve(now, POLICIES)


def days_alike(seen: list[Seen]) -> None:
    first = min(s.day for s in seen)
    now = told([s for s in seen if s.day == first])
    state = Known(whole(now), seen_now(now), pa.array([], pa.string()))
    for day in sorted({s.day for s in seen} - {first}):
        now = told([s for s in seen if s.day <= day])
        assert changed(state, seen_now(now)) is not None
        state = next_day(state, now)
        full = whole(now)
        alike(state.found, full)
        assert sorted(state.found.crowded.to_pylist()) == sorted(full.crowded.to_pylist())


NETWORKS = st.sampled_from([f"hint.ip_hmac:n{n}" for n in range(3)])
WHO = st.sampled_from(
    [
        ("customer:a",),
        ("customer:b",),
        ("device:d1",),
        ("device:d2",),
        ("customer:a", "device:d3"),
        ("customer:c", "hint.home:h"),
        ("anonymous:x",),
        ("customer:b", "anonymous:x"),
        (),
    ]
)
NIGHT = st.builds(lambda day, who, net: Seen(day, ids(*who, net)), st.integers(0, 4), WHO, NETWORKS)


@settings(max_examples=120, deadline=None)
@given(st.lists(NIGHT, min_size=12, max_size=80))
def test_random_days_on_random_networks_are_as_a_rebuild(seen: list[Seen]) -> None:
    days_alike(seen)


@pytest.mark.parametrize("seed", range(6))
def test_a_town_that_sleeps_here_and_there_is_as_a_rebuild_each_day(seed: int) -> None:
    draw = np.random.default_rng(seed)
    seen = []
    for day in range(12):
        for home in range(20):
            for p in range(1 + home % 3):
                at = home if draw.random() < 0.8 else int(draw.integers(0, 20))
                network = "cafe" if draw.random() < 0.15 else f"n{at}"
                who = (f"customer:{home}-{p}",) if draw.random() < 0.7 else (f"device:{home}-{p}",)
                seen.append(Seen(day, ids(*who, f"hint.ip_hmac:{network}")))
            if draw.random() < 0.3:
                seen.append(Seen(day, ids(f"hint.ip_hmac:n{home}")))
    days_alike(seen)
