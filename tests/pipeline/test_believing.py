"""How a lift bears on what a model credits: orders by hand and without a person, and who leads."""

from datetime import date

import duckdb
import numpy as np
import pytest

from hearthline.experiments import Lift
from hearthline.pipeline.experiments.believing import Credit, Lifted, believed, leading, observed
from hearthline.pipeline.experiments.reading import Arms, reader, touched
from hearthline.pipeline.experiments.tables import Learned, _agreements

STAGE = np.zeros(2, np.int64)
SAID = [{"linear": np.array([50.0, 20.0])}]


def credit(model="linear", amount=((100.0, 80.0), (40.0, 10.0))):
    return Credit(model, ("tv", "search"), np.array(amount), np.zeros((2, 2)), STAGE)


def seen(kind, displaced, error=1.0):
    lift = Lift("spring", "tv", kind, date(2026, 1, 1), date(2026, 2, 1), 30.0, error)
    return observed(credit(), [Lifted(lift)], SAID, [0.5], displaced)


def test_a_lift_by_hand_misses_what_machines_displaced_and_one_of_machines_holds_it():
    hand, machine, both = (seen(kind, 0.25).weight[0] for kind in ("person", "automated", "all"))
    half = [0.5, 0.0, 0.5, 0.0]
    assert both == pytest.approx(half)
    assert hand == pytest.approx([0.5, 0.0, -0.5 / 3, 0.0])
    assert machine == pytest.approx([0.0, 0.0, 0.5 / 0.75, 0.0])
    assert hand + machine == pytest.approx(both)


def test_where_nothing_is_displaced_kinds_are_apart():
    assert seen("person", 0.0).weight[0] == pytest.approx([0.5, 0.0, 0.0, 0.0])
    assert np.isfinite(seen("person", 1.0).weight).all()


def test_a_lift_is_never_surer_than_the_place_of_the_credit():
    assert seen("all", 0.0, error=1e-9).error[0] > 0.05 * 50.0
    assert seen("all", 0.0, error=300.0).error[0] == pytest.approx(300.0, rel=0.01)


def test_a_model_that_a_lift_refutes_is_not_saved_by_the_doubt_about_places():
    told = Credit(
        "linear", ("tv", "search"), np.array([[1e5, 8e4], [0.0, 0.0]]), np.full((2, 2), 500.0), STAGE
    )
    lifts = [
        Lifted(Lift(name, "tv", "person", date(2026, 1, 1), date(2026, 2, 1), amount, 500.0))
        for name, amount in (("spring", 115_000.0), ("autumn", 100_900.0))
    ]
    bears = observed(told, lifts, [{"linear": np.array([1e5, 0.0])}] * 2, [1.0, 1.0])
    far, near = _agreements(Learned(told, bears, *believed(told, bears)), lifts)
    assert (far["agrees"], near["agrees"]) == (False, True)
    assert far["away"] == pytest.approx(15_000 / np.hypot(500, 500))
    assert bears.error[0] > 10_000  # for learning the place of the credit is doubted, too


def test_a_channel_whose_name_holds_braces_is_found():
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE channels AS SELECT * FROM (VALUES (0, 'promo {summer}'), (1, 'it''s {orders}')) c(channel, name)"
    )
    con.execute(
        "CREATE TABLE touches AS SELECT * FROM (VALUES (7, 0, 5), (7, 0, 6), (9, 1, 5)) t(unit, channel, time_ms)"
    )
    arms = Arms(np.array([7, 9]), np.array([False, True]))
    for name in (str, lambda table: f"main.{table}"):
        read = reader(lambda sql: con.sql(sql).to_arrow_table(), name)
        assert touched(read, arms, "promo {summer}", 0, 10).tolist() == [2.0, 0.0]
        assert touched(read, arms, "it's {orders}", 0, 10).tolist() == [0.0, 1.0]


def test_the_model_that_knows_the_baseline_leads_whichever_is_the_default():
    told = {name: credit(name) for name in ("linear", "additive_hazard", "neural_hazard")}
    assert leading(told, "linear").model == "additive_hazard"
    assert leading(told, "additive_hazard").model == "additive_hazard"
    assert leading({"linear": credit()}, "linear") is None


def test_what_nobody_leads_is_doubted_more_and_who_leads_is_not_doubted_by_another():
    nothing = observed(credit(), [], [], [])
    lead = credit("additive_hazard", ((50.0, 60.0), (30.0, 10.0)))
    alone, led, own = (
        believed(c, nothing, x)[0] for c, x in ((credit(), None), (credit(), lead), (lead, lead))
    )
    assert alone.error[3] > led.error[3]  # both say the same of this channel
    assert led.error[0] > 40.0
    assert own.error[0] < 30.0
