"""The attention hazard: what comes before a touch counts, credit adds up, and without JAX the rest works."""

import subprocess
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy import sparse

from attribution.test_additive_hazard import _journeys
from hearthline import attribution
from hearthline.attribution import _attention, names, tuned, usual
from hearthline.attribution._sequences import blocks_of, ends_of, moments_of
from hearthline.attribution.additive_hazard import AdditiveHazard
from hearthline.attribution.attention_hazard import _KERNELS, AttentionHazard, Learned
from hearthline.schema.errors import MissingExtra
from hearthline.schema.journey import Journeys, journeys_of

END_H = 60 * 24.0
A, B, NULL = 0, 1, 2


def _town(homes: int = 300) -> Journeys:
    """Return journeys in which B moves a home where A came within a day before it, and nothing else does."""
    dice, rows = np.random.default_rng(7), []
    for home in range(homes):
        channel = np.repeat(np.arange(4), dice.poisson(0.008 * END_H, 4))
        at = dice.uniform(0.0, END_H, len(channel))
        of_a = np.sort(at[channel == A])
        of_b = at[channel == B]
        before = np.append(-np.inf, of_a)[np.searchsorted(of_a, of_b)]
        moved = of_b[(of_b - before < 24.0) & (dice.random(len(of_b)) < 0.5)]
        orders = np.concatenate(
            [moved + dice.exponential(20.0, len(moved)), dice.uniform(0, END_H, dice.poisson(0.3))]
        )
        start = 0.0
        for time in [*np.sort(orders[orders < END_H]), END_H]:
            seen = (at >= start) & (at < time)
            rows.append((home, time < END_H, time - start, home % 2, channel[seen], time - at[seen]))
            start = time
    return _journeys(rows)


@pytest.fixture(scope="module")
def town() -> Journeys:
    return _town()


@pytest.fixture(scope="module")
def learned(town: Journeys) -> Learned:
    fit = AttentionHazard().solve(AttentionHazard().gather(town))
    assert fit is not None
    return fit


def _probes() -> Journeys:
    """Return an order an hour after B, with A half a day before that, and one with A and B the other way round."""
    found = journeys_of([(A, B), (B, A)], channels=4, gap_h=[(13.0, 1.0), (13.0, 1.0)])
    return replace(found, strata_h=sparse.csr_array(np.column_stack([found.span_h, 0.0 * found.span_h])))


def test_it_finds_that_a_channel_works_only_after_another(town: Journeys, learned: Learned) -> None:
    plain, probes = AdditiveHazard(), _probes()
    right, wrong = probes.sum_by_journey(AttentionHazard().credit(probes, learned))
    assert right > wrong + 0.1
    fit = plain.solve(plain.gather(town))
    alike, other = probes.sum_by_journey(plain.credit(probes, fit))
    assert right - wrong > 2.0 * (alike - other)
    assert right / (1.0 - right) > 3.0 * wrong / (1.0 - wrong)


def test_a_channel_without_effect_earns_next_to_nothing(town: Journeys, learned: Learned) -> None:
    share = AttentionHazard().credit(town, learned)
    by_channel = np.bincount(town.channel, weights=share, minlength=4) / town.converted.sum()
    assert by_channel[[A, B]].min() > 3.0 * by_channel[[NULL, 3]].max()


def test_shares_are_what_touches_add_to_the_baseline(town: Journeys, learned: Learned) -> None:
    some = town.take(np.flatnonzero(town.converted)[:200])
    whole = some.sum_by_journey(AttentionHazard().credit(some, learned))
    for block in blocks_of(some, ends_of(some), _KERNELS, learned.rhythm):
        there = block.moment[:, 0] >= 0
        part = _attention.parts(learned.net, block, learned.frailty.of(some.unit[block.journey]))[there, 0]
        assert whole[block.journey[there]] == pytest.approx(1.0 - part[:, 0] / part.sum(axis=1), abs=1e-12)


def test_the_sum_over_the_path_is_near_before_it_is_made_exact(town: Journeys, learned: Learned) -> None:
    some = town.take(np.flatnonzero(town.converted)[:100])
    for block in blocks_of(some, ends_of(some), _KERNELS, learned.rhythm):
        factor, there = learned.frailty.of(some.unit[block.journey]), block.moment[:, 0] >= 0
        own, before = _attention.gradients(learned.net, block, block.context, factor)
        summed = own.sum(axis=1) + (before * block.context).sum(axis=(1, 2))
        added = _attention.parts(learned.net, block, factor)[:, 0, 1:].sum(axis=1)
        assert summed[there] == pytest.approx(added[there], rel=1e-3)


def test_instants_hold_all_the_time_and_all_conversions(town: Journeys) -> None:
    blocks = list(blocks_of(town, moments_of(town, np.ones(town.n)), _KERNELS, np.ones(16)))
    assert sum(b.hours.sum() for b in blocks) == pytest.approx(town.strata_h.sum())
    assert sum(b.bought.sum() for b in blocks) == town.converted.sum()
    assert sum((b.touch >= 0).sum() for b in blocks) == len(town.channel)


def test_replicates_follow_the_weights(town: Journeys, learned: Learned) -> None:
    weights = np.column_stack([np.ones(town.n), np.where(town.converted, 2.0, 1.0)])
    same, more = AttentionHazard().refits(town, weights, learned)
    assert same is not None
    assert more is not None
    before, after = (AttentionHazard().credit(town, fit).sum() for fit in (learned, same))
    assert after == pytest.approx(before, rel=0.1)
    assert more.net.layers["home"].mean() > same.net.layers["home"].mean()


def test_it_computes_where_jax_computes_by_itself() -> None:
    assert jax.numpy.zeros(1).devices() == {jax.devices()[0]}
    net = _attention.start(8, 1.0, np.ones(16), 4)
    assert {x.device for x in _attention.on_device(net).values()} == {jax.devices()[0]}


def test_it_runs_only_where_it_is_asked_for() -> None:
    assert "attention_hazard" in names()
    assert "attention_hazard" not in usual()


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'hearthline\[neural\]'"):
        tuned("attention_hazard", {})
    assert tuned("neural_hazard", {}).name == "neural_hazard"


def test_without_the_extra_everything_else_loads() -> None:
    code = (
        "import sys; sys.modules['jax'] = None; from hearthline import attribution as a; "
        "print(len([a.load(n) for n in a.names()]), len(a.usual()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(names())), str(len(usual()))]
