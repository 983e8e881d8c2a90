"""Models side by side: prediction, experiments, simulated truth, and the journeys about which they disagree."""

import numpy as np
import pytest

from hearthline.pipeline.choosing.fit import _fit
from hearthline.pipeline.choosing.showing import recommended
from pipeline.conftest import Story


def test_the_worth_that_is_true_predicts_and_another_does_not():
    rng = np.random.default_rng(1)
    touched = rng.poisson(3.0, (2000, 2)).astype(float)
    bought = 5.0 + touched @ np.array([4.0, 0.0]) + rng.normal(0.0, 3.0, 2000)
    half = np.arange(2000) % 2
    sums = np.array([touched[half == k].sum(axis=0) for k in (0, 1)])
    true, turned = (_fit(sums * np.array(worth), touched, bought, half) for worth in ([4.0, 0.0], [0.0, 4.0]))
    assert true.low > 0.7
    assert turned.high < 0.0
    assert true.low < true.value < true.high


def test_a_model_that_credits_nothing_predicts_as_the_mean_does():
    rng = np.random.default_rng(2)
    touched, bought = rng.poisson(1.0, (500, 3)).astype(float), rng.gamma(2.0, 5.0, 500)
    found = _fit(np.zeros((2, 3)), touched, bought, np.arange(500) % 2)
    assert found.value == pytest.approx(0.0, abs=1e-9)


def row(model, **known):
    return {"model": model, "away": None, "truth": None, "fit": None, **known}


def test_an_experiment_counts_more_than_prediction():
    rows = [row("a", away=4.0, fit=0.9), row("b", away=1.0, fit=0.1), row("c", away=2.0, fit=0.5)]
    found = recommended(rows)
    assert [r["model"] for r in found] == ["b", "c", "a"]
    assert found[0]["score"] == pytest.approx((3 * 1 + 1 * 3) / 4)


def test_what_is_not_known_of_every_model_does_not_count():
    rows = [row("a", truth=0.5, fit=0.9), row("b", truth=None, fit=0.1)]
    assert [r["model"] for r in recommended(rows)] == ["a", "b"]
    assert [r["score"] for r in recommended([row("a"), row("b")])] == [None, None]


def told() -> Story:
    """Forty homes that see tv, then search, and buy; ten that see tv alone and do not."""
    story = Story()
    for i in range(40):
        story.touch(1.0, f"h{i}", "tv")
        story.touch(6.0, f"h{i}", "search", stage="consideration")
        story.order(7.0, f"h{i}", "10.00")
    for i in range(10):
        story.touch(1.0, f"n{i}", "tv")
    return story


def test_models_are_shown_with_where_and_why_they_disagree(answered):
    home = answered(told(), 'models = ["last_touch", "first_touch"]\ndefault = "last_touch"\n')
    choice, where = home.compare({"last_touch": {"person": 0.4}, "first_touch": {"person": 0.2}})
    rows = {r["key"]: r for r in choice.rows.to_pylist()}
    assert rows["first_touch"]["truth"] == 0.2
    assert rows["first_touch"]["leads"] == "tv"
    (only,) = where.rows.to_pylist()
    assert (only["journey"], only["orders"], float(only["money"])) == ("search + tv", 40, 400.0)
    assert (only["less_to"], only["more_to"], only["why"]) == ("search", "tv", "tv first in 100%")
    assert "moves €400 from search to tv" in where.title
    assert home.explain(only["example"]) is not None


def test_a_home_with_one_model_has_nothing_to_disagree_about(answered):
    home = answered(told(), 'models = ["linear"]\ndefault = "linear"\n')
    choice, where = home.compare()
    assert choice.rows.num_rows == 1
    assert where.notes == ("No two models disagree about any order.",)
