"""Models against figures that others published or that follow by hand.

The facts are carried over with their source; `../shared/refs` is checked too where it exists.
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hearthline.attribution._game import shapley_values
from hearthline.attribution.markov import Markov
from hearthline.attribution.markov_global import MarkovGlobal
from hearthline.attribution.time_decay import TimeDecay
from hearthline.schema.journey import Journeys, journeys_of

Table = list[tuple[str, int, int]]

# PyPI do-attribution 0.0.2, quick start
QUICKSTART: Table = [
    ("Email>Social", 1, 0),
    ("Search>Email", 1, 0),
    ("Social", 1, 0),
    ("Email>Search", 0, 1),
    ("Search>Social>Email", 1, 0),
    ("Direct", 1, 0),
    ("Email>Social", 0, 1),
    ("Search>Email>Social", 1, 0),
    ("Social>Email", 1, 0),
    ("Search", 0, 1),
]
# serhiipuzyrov.com 2019/07, Markov chain attribution: transitions published, effects follow
PUZYROV: Table = [
    ("google ads", 2, 0),
    ("mailing", 1, 0),
    ("google ads>mailing", 1, 0),
    ("google ads", 0, 1),
]
# github jmwoloso/pychattr README: 10,000 simulations gave A 1.0 and B 0.5067; exactly 1 and 1/2
PYCHATTR: Table = [("A>B>A>B>B>A", 1, 0), ("A>B>B>A>A", 1, 0), ("A>A", 1, 0)]


def _journeys(table: Table) -> tuple[Journeys, list[str]]:
    names = sorted({c for path, _, _ in table for c in path.split(">")})
    paths, converted = [], []
    for path, won, lost in table:
        paths += [tuple(names.index(c) for c in path.split(">"))] * (won + lost)
        converted += [True] * won + [False] * lost
    return journeys_of(paths, converted=converted, channels=len(names)), names


@pytest.mark.parametrize(
    ("table", "conversion", "effects", "exact"),
    [
        (QUICKSTART, 0.7, {"Email": 0.6571, "Social": 0.5584, "Search": 0.3214, "Direct": 0.1429}, 5e-5),
        (PUZYROV, 0.8, {"google ads": 0.75, "mailing": 0.5}, 1e-12),
        (PYCHATTR, 1.0, {"A": 1.0, "B": 0.5}, 1e-12),
    ],
    ids=["do-attribution", "puzyrov", "pychattr"],
)
def test_removal_effects_are_those_published(
    table: Table, conversion: float, effects: dict[str, float], exact: float
) -> None:
    journeys, names = _journeys(table)
    fit = Markov().solve(Markov().gather(journeys))
    assert fit.conversion == pytest.approx(conversion, abs=1e-12)
    assert dict(zip(names, fit.effect, strict=True)) == pytest.approx(effects, abs=exact)


def test_classic_totals_are_those_published() -> None:
    journeys, names = _journeys(QUICKSTART)
    model = MarkovGlobal()
    share = model.totals(model.solve(model.gather(journeys)), 1.0)
    expected = {"Email": 0.3912, "Social": 0.3324, "Search": 0.1913, "Direct": 0.085}
    assert dict(zip(names, share, strict=True)) == pytest.approx(expected, abs=5e-5)


# github DP6/Marketing-Attribution-Models README 2.1 (worths published)
def test_shapley_values_of_published_worths() -> None:
    order = {"O": 7, "F": 6, "OF": 15, "D": 4, "OD": 7, "FD": 9, "OFD": 19}
    values = shapley_values(np.array([0, *order.values()], dtype=float))
    assert values == pytest.approx([23 / 3, 49 / 6, 19 / 6])


# stand--sure.blogspot.com 2015-12-21: a runway is worth the longest that any coalition needs
def test_shapley_values_of_the_runway() -> None:
    need = [8, 11, 13, 18]
    worth = [max((need[i] for i in range(4) if s >> i & 1), default=0) for s in range(16)]
    assert shapley_values(np.array(worth, dtype=float)) == pytest.approx([2, 3, 4, 9])


# the textbook's glove game: one left glove, two right ones
def test_shapley_values_of_the_gloves() -> None:
    worth = [float(bool(s & 1) and bool(s & 6)) for s in range(8)]
    assert shapley_values(np.array(worth)) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


# DP6 README, time decay of one half every 7 hours: 14 h and 12 h share a step there; ours has no steps
def test_time_decay_has_no_steps() -> None:
    journeys = journeys_of([(0, 1, 2)], gap_h=[(14.0, 12.0, 0.0)])
    shares = TimeDecay(half_life_h=7.0).credit(journeys)
    pull = np.array([0.25, 2.0 ** (-12 / 7), 1.0])
    assert shares == pytest.approx(pull / pull.sum())


def _references() -> list[dict]:
    file = Path(__file__).parents[3] / "shared" / "refs" / "worked_examples.json"
    cases = json.loads(file.read_text()) if file.exists() else []
    return [c for c in cases if c["model"].startswith("markov") and "removal" in c]


@pytest.mark.parametrize("case", _references(), ids=lambda c: c["id"])
def test_every_reference_at_hand_agrees(case: dict) -> None:
    journeys, names = _journeys([tuple(row) for row in case["paths"]])
    fit = Markov().solve(Markov().gather(journeys))
    expected = {name: float(Fraction(str(value))) for name, value in case["removal"].items()}
    exact = case.get("tol", 1e-12)
    assert dict(zip(names, fit.effect, strict=True)) == pytest.approx(expected, abs=exact)
    assert fit.conversion == pytest.approx(float(Fraction(str(case["p_conv"]))))
