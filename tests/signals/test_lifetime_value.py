"""Lifetime values: published figures, recovered parameters, and what use of devices adds."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import hyp2f1

from hearthline.signals import Asked, _buying, _spending, asked_of, lifetime_value
from hearthline.signals._buying import Buying, History
from hearthline.signals._chances import ends_of

END = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = asked_of("lifetime_value", Asked(END), {})


def bought(n: int, seed: int, story: str, weight: float = 0.0) -> tuple[History, np.ndarray]:
    """Customers of a BG/NBD world by simulation, and their orders in the 39 weeks after the 52 seen."""
    random = np.random.default_rng(seed)
    trait = random.normal(size=n)
    rate = random.gamma(0.9, 1 / 8.0, n) * np.exp(weight * trait)
    repeats, last, later = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(n):
        now, leaves = 0.0, random.beta(0.8, 3.0)
        while True:
            now += random.exponential(1 / rate[i])
            if now > 91:
                break
            if now <= 52:
                repeats[i], last[i] = repeats[i] + 1, now
            else:
                later[i] += 1
            if random.random() < leaves:
                break
    return History(repeats, last, np.full(n, 52.0), trait[:, None] if weight else np.zeros((n, 0))), later


def test_the_published_example_of_bg_nbd():
    data = History(*(np.array([v]) for v in (2.0, 30.43, 38.86)), np.zeros((1, 0)))
    model = Buying("bg_nbd", np.log([0.243, 4.414, 0.793, 2.426]), np.eye(4), 0.0)
    assert _buying.expected_orders(model, data, 39).orders[0] == pytest.approx(1.226, abs=5e-4)


def test_bg_nbd_finds_the_parameters_of_a_world_made_by_its_story():
    data, later = bought(2500, 5, "bg_nbd")
    model = _buying.fit(data)
    assert np.abs(np.log(model.parameters / [0.9, 8.0, 0.8, 3.0])).max() < 0.5
    assert _buying.expected_orders(model, data, 39).orders.sum() == pytest.approx(later.sum(), rel=0.1)


@pytest.mark.parametrize("story", ["bg_nbd", "pareto_nbd"])
def test_what_is_drawn_has_the_mean_that_is_computed(story):
    data, _ = bought(400, 6, story)
    model = _buying.fit(data, story)
    sure = Buying(story, model.point, model.covariance * 0, model.log_likelihood)
    drawn = _buying.drawn_orders(sure, data, 39, 400, seed=1)
    assert drawn.mean(axis=0).sum() == pytest.approx(
        _buying.expected_orders(model, data, 39).orders.sum(), rel=0.02
    )


def test_intervals_of_the_total_hold_what_came():
    held = 0
    for seed in range(20, 28):
        data, later = bought(400, seed, "bg_nbd")
        drawn = _buying.drawn_orders(_buying.fit(data), data, 39, 150, seed=1).sum(axis=1)
        low, high = np.quantile(drawn, (0.05, 0.95))
        held += low <= later.sum() <= high
    assert held >= 6


def test_a_covariate_that_moves_the_rate_is_found():
    data, _ = bought(1500, 9, "bg_nbd", weight=0.6)
    assert _buying.fit(data).point[4] == pytest.approx(0.6, abs=0.15)


def test_gamma_gamma_pulls_means_of_few_orders_to_the_mean_of_all():
    random = np.random.default_rng(2)
    own = 6.0 / random.gamma(4.0, 1 / 15.0, 3000)
    orders = random.integers(1, 9, 3000).astype(float)
    mean = random.gamma(6.0 * orders) / orders / 6.0 * own
    model = _spending.fit(orders, mean)
    value = _spending.expected_values(model, orders, mean)
    assert np.sqrt(np.mean((value - own) ** 2)) < 0.9 * np.sqrt(np.mean((mean - own) ** 2))


def test_between_the_ends_of_a_hundred_draws_the_next_one_falls_nine_times_in_ten():
    drawn = np.random.default_rng(4).normal(size=(101, 20_000))
    low, high = ends_of(drawn[:100])
    assert np.mean((low <= drawn[100]) & (drawn[100] <= high)) == pytest.approx(0.9, abs=0.006)


def orders_of(rows: list[tuple[int, int, float]]) -> dict[str, pa.Table]:
    """`spent` and empty `used_days` from (unit, days ago, net)."""
    day = [END.date() - timedelta(days=d) for _, d, _ in rows]
    spent = {"unit": [u for u, _, _ in rows], "day": day, "net": [v for *_, v in rows]}
    nothing = {n: pa.array([], pa.int64()) for n in ("unit", "days")}
    none = {
        **nothing,
        "kind": pa.array([], pa.string()),
        **{n: pa.array([], pa.date32()) for n in ("first", "last")},
    }
    return {"spent": pa.table({**spent, "kind": ["person"] * len(rows)}), "used_days": pa.table(none)}


def test_customers_may_be_taken_to_leave_at_any_moment():
    random = np.random.default_rng(8)
    rows = []
    for unit in range(200):
        first, stays = random.integers(200, 360), random.exponential(150)
        days = np.unique(
            np.concatenate([[0.0], np.cumsum(random.exponential(random.gamma(2, 20), 30))]).astype(int)
        )
        rows += [(unit, int(first - d), 20.0) for d in days if d <= min(stays, first)]
    one, other = (
        lifetime_value.derive(orders_of(rows), asked_of("lifetime_value", Asked(END), {"pareto": p}))
        for p in (0.0, 1.0)
    )
    totals = [made["lifetime_totals"].to_pylist()[0] for made in (one, other)]
    assert totals[0]["expected"] != totals[1]["expected"]
    assert totals[0]["held_out_orders"] != totals[1]["held_out_orders"]
    assert totals[0]["held_out_true"] == totals[1]["held_out_true"]
    assert totals[1]["expected"] == pytest.approx(totals[0]["expected"], rel=0.5)


def test_what_was_spent_and_when_is_told_also_where_there_is_too_little_to_foretell():
    made = lifetime_value.derive(orders_of([(7, 40, 10.0), (7, 10, 20.0), (9, 5, 1.0)]), ASKED)
    first, second = made["lifetime_values"].to_pylist()
    assert (first["unit"], first["orders"], first["spent"]) == (7, 2, 30.0)
    assert (first["first"], first["last"]) == (date(2025, 11, 22), date(2025, 12, 22))
    assert second["expected"] is None
    assert made["lifetime_totals"].num_rows == 0


def spent_of(leaves_after_an_order: bool, n: int = 900, seed: int = 3) -> pa.Table:
    """Orders of 80 weeks of customers who leave after an order, or at any moment."""
    random, rows = np.random.default_rng(seed), []
    for i in range(n):
        rate, now, leaves, repeats = random.gamma(1.5, 0.25), 0.0, random.beta(0.8, 2.0), 0
        life = np.inf if leaves_after_an_order else random.exponential(25.0)
        while now < min(80, life):
            rows.append((i, END.date() - timedelta(days=int((80 - now) * 7) + 1)))
            if leaves_after_an_order and repeats and random.random() < leaves:
                break
            now, repeats = now + random.exponential(1 / rate), repeats + 1
    days = sorted(set(rows))
    return pa.table({"unit": pa.array([u for u, _ in days], pa.int64()), "day": pa.array([d for _, d in days], pa.date32()),
                     "net": pa.array([10.0] * len(days)), "kind": pa.array(["person"] * len(days))})  # fmt: skip


def test_of_nineteen_draws_the_ends_are_the_least_and_the_most():
    seen = {"spent": spent_of(True), "used_days": orders_of([])["used_days"]}
    asked = asked_of("lifetime_value", Asked(END), {"draws": 19.0, "pareto": 0.0})
    found = lifetime_value.derive(seen, asked)["lifetime_values"]
    ends = np.stack([found[name].to_numpy() for name in ("orders_low", "orders_high")])
    assert np.all(ends == np.rint(ends))
    assert np.mean(ends[1] > ends[0]) > 0.2


@pytest.mark.parametrize(("after_an_order", "story"), [(True, "bg_nbd"), (False, "pareto_nbd")])
def test_the_story_of_leaving_is_the_one_that_the_orders_tell(after_an_order, story):
    seen = {"spent": spent_of(after_an_order), "used_days": orders_of([])["used_days"]}
    totals = lifetime_value.derive(seen, ASKED)["lifetime_totals"]
    assert set(totals["story"].to_pylist()) == {story}


@pytest.mark.parametrize("four", [(0.55, 10.0, 0.6, 11.0), (0.2, 1.0, 0.3, 50.0), (8.0, 30.0, 5.0, 1.0)])
def test_leaving_at_any_moment_is_as_likely_as_the_closed_form_says(four):
    random = np.random.default_rng(2)
    repeats, known = random.poisson(4.0, 500).astype(float), random.uniform(5.0, 120.0, 500)
    data = History(repeats, np.where(repeats > 0, known * random.random(500), 0.0), known, np.zeros((500, 0)))
    (r, alpha, s, beta), total = four, four[0] + repeats + four[2]
    part = s + 1 if alpha >= beta else r + repeats

    def term(age):  # Fader & Hardie (2005), "A note on deriving the Pareto/NBD model", equation 20
        most = max(alpha, beta)
        return hyp2f1(total, part, total + 1, abs(alpha - beta) / (most + age)) / (most + age) ** total

    dead = np.log(s / total * (term(data.last) - term(known)))
    assert _buying._dies(np.log(four), data)[1] == pytest.approx(dead, abs=1e-6)
