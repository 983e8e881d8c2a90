"""An experiment from its start to what every model has learned from it, on a small simulated town."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import hearthline as hl
from hearthline import render, sim
from hearthline.experiments import Power
from hearthline.pipeline.experiments import opened
from hearthline.pipeline.experiments.designing import _WEEKS, usual_error
from hearthline.pipeline.experiments.expecting import expected_in
from hearthline.pipeline.experiments.measuring import lifts_of, measured
from hearthline.pipeline.experiments.showing import analysis_figure
from hearthline.schema.errors import BadConfig, BadFile, NothingToAnswer, UnknownName
from hearthline.store.lake import Lake

TRIAL = sim.Trial(("smart-tv", "search-ads"), first_day=30, seed=2)
HOMES, DAYS = 300, 80
FIRST = date(2026, 1, 5)
START, END = FIRST + timedelta(days=30), FIRST + timedelta(days=DAYS - 1)
LIFTS = """name,channel,kind,start,end,lift,low,high
agency,search-ads,all,2026-02-10,2026-03-10,90000,89000,91000
board,billboard,all,2026-02-10,2026-03-10,10,0,20
before,search-ads,all,2019-02-10,2019-03-10,10,0,20
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> hl.Home:
    folder: Path = tmp_path_factory.mktemp("trial")
    home = hl.init(folder / "home")
    (home.path / "hearthline.toml").write_text(
        '[attribution]\nreplicates = 20\nmodels = ["additive_hazard", "last_touch", "linear"]\n'
    )
    sim.write_lake("additive", HOMES, DAYS, 2, folder / "raw", telemetry=0.5, trial=TRIAL)
    with Lake(home.path / "lake").batch(datetime(2026, 6, 1, tzinfo=UTC)) as batch:
        batch.adopt(folder / "raw/events-*.parquet", folder / "raw/identities-*.parquet")
    for file in sim.write_arms(TRIAL, HOMES, folder):
        channel = file.stem.removeprefix("arms-")
        home.experiments.start(channel, channel, START, END, arms=file)
    home.experiments.start("by lot", "wearable", START, END)
    (folder / "lifts.csv").write_text(LIFTS)
    home.experiments.add_lifts(folder / "lifts.csv")
    home.run()
    return home


def rows(home: hl.Home, sql: str) -> list[dict]:
    return home.sql(sql).to_pylist()


def test_a_list_is_matched_home_by_home_and_nobody_off_met_the_channel(town):
    found = rows(town, "SELECT * FROM experiments WHERE kind = 'all' ORDER BY name")
    assert [(r["name"], r["state"]) for r in found] == [
        ("by lot", "ended"),
        ("search-ads", "ended"),
        ("smart-tv", "ended"),
    ]
    for row in found[1:]:
        assert row["homes_on"] + row["homes_off"] + row["torn"] == pytest.approx(HOMES, abs=3)
        assert row["leak"] == 0.0
        assert abs(row["balance"]) < 4
        assert row["always_low"] < row["each_low"] < row["each"] < row["each_high"] < row["always_high"]


def test_a_lot_that_nobody_heeded_is_seen_as_a_leak_and_not_learned_from(town):
    row = rows(town, "SELECT * FROM experiments WHERE name = 'by lot' AND kind = 'all'")[0]
    assert row["leak"] > 0.5
    assert rows(town, "SELECT * FROM lifts WHERE name = 'by lot'") == []


def test_an_experiment_that_teaches_nothing_says_why_in_place_of_a_lift(town):
    figure = town.experiments.analyse("by lot")
    assert figure.title.startswith("by lot: nothing can be learned about wearable: households that should be")
    assert "as often as the others" in figure.title
    assert "\N{EURO SIGN}" not in figure.title
    assert figure.rows["caused"].null_count == figure.rows.num_rows == 3
    assert any("models do not learn from it" in note for note in figure.notes)
    assert "as often as the others" in render.to_html([figure], "Hearthline")


def test_an_experiment_that_teaches_nothing_stays_listed_with_the_reason(town):
    found = town.report("experiments").figure.rows.to_pylist()
    verdicts = [r["verdict"] for r in found if r["experiment"] == "by lot"]
    assert len(verdicts) == 1
    assert verdicts[0].startswith(
        "ended: nothing can be learned: households that should be without the channel"
    )
    smart = [r for r in found if r["experiment"] == "smart-tv" and r["part"] == "Experiments"]
    assert all(r["lift"] is not None for r in smart)


def test_arms_of_sizes_that_the_lot_did_not_promise_teach_nothing(town):
    planned = town.experiments.book().named("search-ads")
    with opened(town.experiments.home) as (_, read):
        assert {lift.kind for lift in lifts_of(measured(read, planned))} == {"person", "automated"}
        chosen = measured(read, replace(planned, off=0.2))
    assert chosen.balance > 4.0
    assert lifts_of(chosen) == []
    assert "standard errors away from the sizes that the lot promised, so something chose" in chosen.why


def test_arms_of_other_sizes_are_told_before_the_experiment_begins(town):
    planned = town.experiments.book().named("search-ads")
    later = replace(planned, start=END + timedelta(days=1), end=END + timedelta(days=9))
    with opened(town.experiments.home) as (answer, read):
        fair, chosen = (
            analysis_figure(read, replace(later, off=off), answer).notes for off in (planned.off, 0.2)
        )
    assert not any("something chose who is in them" in note for note in fair)
    assert any("something chose who is in them" in note for note in chosen)


def test_the_difference_is_what_the_simulator_drew(town):
    taken = sim.takings("additive", HOMES, DAYS, 2, TRIAL.on(0, HOMES)).sum(axis=0)[30:].sum(axis=0) / 100
    off = TRIAL.is_off("smart-tv", 0, HOMES)
    row = rows(town, "SELECT * FROM experiments WHERE name = 'smart-tv' AND kind = 'all'")[0]
    plain = taken[~off].mean() - taken[off].mean()
    assert abs(row["each"] - plain) < row["error"]


def test_kinds_of_orders_are_measured_apart_and_sum_to_all(town):
    found = rows(town, "SELECT kind, amount::DOUBLE AS amount FROM lifts WHERE name = 'smart-tv'")
    assert {r["kind"] for r in found} == {"person", "automated"}


def test_a_lift_is_as_sure_as_the_difference_that_it_comes_from(town):
    found = rows(
        town,
        """SELECT (l.high - l.low)::DOUBLE AS lift, (e.each_high - e.each_low) * e.homes_on AS difference
           FROM lifts l JOIN experiments e USING (name, kind) WHERE l.measured AND name = 'smart-tv'""",
    )
    assert len(found) == 2
    assert all(r["lift"] == pytest.approx(r["difference"], rel=1e-6) for r in found)


def test_lifts_that_speak_of_nothing_here_are_kept_with_the_reason(town):
    why = {r["name"]: r["why"] for r in rows(town, "SELECT name, why FROM lifts WHERE NOT used")}
    assert why["board"] == "no touch of this channel is known here"
    assert "its days are not in the data" in why["before"]


def test_calibrated_credit_and_baseline_sum_to_the_shop_for_every_model(town):
    found = rows(
        town,
        """SELECT model, sum(amount)::DOUBLE AS amount, sum(credited)::DOUBLE AS credited FROM calibrated
           WHERE kind = 'all' GROUP BY model""",
    )
    shop = rows(town, "SELECT sum(net)::DOUBLE AS net FROM orders")[0]["net"]
    assert {r["model"] for r in found} == {"additive_hazard", "last_touch", "linear"}
    for row in found:
        assert row["amount"] == pytest.approx(shop, abs=0.01)
        assert row["credited"] == pytest.approx(shop, abs=0.01)


def test_orders_by_hand_and_others_sum_to_all_for_every_channel(town):
    found = rows(
        town,
        """SELECT channel, sum(amount) FILTER (kind = 'all')::DOUBLE AS whole,
             sum(amount) FILTER (kind <> 'all')::DOUBLE AS parts FROM calibrated GROUP BY model, channel""",
    )
    assert all(r["whole"] == pytest.approx(r["parts"], abs=0.01) for r in found)


def test_an_extreme_lift_moves_its_channel_the_others_and_the_flag(town):
    flags = rows(town, "SELECT * FROM agreements WHERE name = 'agency'")
    assert len(flags) == 3
    assert not any(r["agrees"] for r in flags)
    moved = rows(
        town,
        """SELECT channel, amount::DOUBLE AS now, credited::DOUBLE AS was FROM calibrated
           WHERE model = 'additive_hazard' AND kind = 'all' AND channel IN ('search-ads', 'voice-search')""",
    )
    assert all(r["now"] > r["was"] for r in moved)
    assert "disagrees with" in town.report("experiments").figure.title


def test_what_a_model_says_is_the_credit_of_the_same_touches(town):
    said = rows(
        town,
        "SELECT said::DOUBLE AS said FROM agreements WHERE model = 'linear' AND name = 'smart-tv'",
    )
    assert len(said) == 2
    told = sum(r["said"] for r in said)
    begin = int(datetime.combine(START, datetime.min.time(), UTC).timestamp() * 1000)
    whole = rows(
        town,
        f"""SELECT sum(t.amount)::DOUBLE AS whole FROM touch_credits t JOIN touchpoints p USING (place)
            WHERE t.model = 'linear' AND p.channel = 'smart-tv' AND epoch_ms(t.time) >= {begin}""",
    )[0]["whole"]
    # homes off met nothing since; those whom the list does not name are not in the experiment
    assert 0.9 * whole < told <= 1.05 * whole


def test_a_figure_says_what_may_be_said(town):
    figure = town.experiments.analyse("smart-tv")
    assert figure.rows.num_rows == 3
    assert figure.extra["State"] == "ended"
    assert "smart-tv" in figure.title


def test_a_design_is_measured_on_the_past_and_names_what_to_test_first(town):
    figure = town.experiments.design("smart-tv", weeks=5)
    weeks = figure.rows["weeks"].to_pylist()
    assert 5 in weeks
    assert np.all(np.diff([float(e) for e in figure.rows["error"].to_pylist()]) > 0)
    assert len(figure.extra["Test first"].split(", ")) == 3
    with pytest.raises(UnknownName, match="no channel named 'billboard'"):
        town.experiments.design("billboard")


def test_a_design_says_how_far_its_error_was_measured(town):
    figure = town.experiments.design("smart-tv")
    assert figure.notes[0] == (
        "Beyond 4 weeks the error is carried on, not measured: the data are 11 weeks long."
    )


def test_channels_are_compared_after_eight_weeks_whatever_else_is_shown():
    usual, more = (
        [Power(7 * w, 1.0, float(w), 0.5, 0.5, 1.0) for w in weeks] for weeks in (_WEEKS, (1, *_WEEKS))
    )
    assert usual_error(usual) == usual_error(more) == 8.0


def test_regions_of_a_part_of_the_homes_expect_what_these_homes_show(town, tmp_path):
    def design(count):
        lines = [f"customer:user-{i:06d}-0,region {i % 12}" for i in range(count)]
        (tmp_path / "some.csv").write_text("identifier,region\n" + "\n".join(lines) + "\n")
        figure = town.experiments.design("smart-tv", arms=tmp_path / "some.csv")
        return {r["weeks"]: r for r in figure.rows.to_pylist()}[8]

    every, some = design(HOMES), design(HOMES // 5)
    assert float(some["expected"]) < 2 * float(every["expected"])  # not five times as much
    assert float(some["forgone"]) < 0.5 * float(every["forgone"])
    assert some["power"] < 0.5 * every["power"]
    wide = [float(r["expected_high"] - r["expected_low"]) for r in (every, some)]
    assert wide[1] > wide[0]


def test_the_parts_of_two_halves_of_the_homes_sum_to_the_whole(town):
    with opened(town._folder) as (_, read):
        unit = read("SELECT unit FROM {households} ORDER BY unit")["unit"].to_numpy()
        parts = [expected_in(read, "smart-tv", unit[i::2], whole=False) for i in range(2)]
        whole = expected_in(read, "smart-tv", unit, whole=True)
    assert sum(p.part for p in parts) == pytest.approx(1.0)
    assert sum(p.each * p.homes for p in parts) == pytest.approx(whole.each * whole.homes)


def test_arms_are_told_by_identifier_and_by_the_lot(town):
    arms = town.experiments.arms("by lot").to_pylist()
    assert {r["arm"] for r in arms} == {"on", "off"}
    assert {r["namespace"] for r in arms} >= {"customer"}
    off = {r["identifier"] for r in arms if r["arm"] == "off"}
    assert off.isdisjoint(r["identifier"] for r in arms if r["arm"] == "on")
    assert town.experiments.arms("by lot").to_pylist() == arms


def test_names_days_and_parts_are_checked(town, tmp_path):
    with pytest.raises(BadConfig, match="there is one named 'smart-tv'"):
        town.experiments.start("smart-tv", "smart-tv", START, END)
    with pytest.raises(BadConfig, match="lies before the start"):
        town.experiments.start("x", "smart-tv", END, START)
    with pytest.raises(BadConfig, match="1 is no part"):
        town.experiments.start("x", "smart-tv", START, END, off=1.0)
    with pytest.raises(UnknownName, match="none is named 'x'"):
        town.experiments.analyse("x")
    with pytest.raises(BadFile, match="cannot be read"):
        town.experiments.add_lifts(tmp_path / "nothing.csv")
    with pytest.raises(UnknownName, match="no imported lift is named 'x'; there are: agency, board, before"):
        town.experiments.drop_lift("x")


def test_who_is_forgotten_leaves_the_lists_too(town):
    before = rows(town, "SELECT count(*) AS n FROM assignments")[0]["n"]
    forgot = town.forget("customer:user-000007-0")
    assert forgot.rows["assignments"] == 2
    assert rows(town, "SELECT count(*) AS n FROM assignments")[0]["n"] == before - 2


def test_regions_are_drawn_where_a_list_names_regions(town, tmp_path):
    lines = [f"customer:user-{i:06d}-0,region {i % 12}" for i in range(HOMES)]
    (tmp_path / "regions.csv").write_text("identifier,region\n" + "\n".join(lines) + "\n")
    planned = town.experiments.start("by region", "smart-tv", START, END, arms=tmp_path / "regions.csv")
    assert (planned.by, planned.listed) == ("region", True)
    arms = {r["identifier"]: r["arm"] for r in town.experiments.arms("by region").to_pylist()}
    for region in range(12):
        own = {arms.get(f"customer:user-{i:06d}-0") for i in range(region, HOMES, 12)} - {None}
        assert len(own) == 1
    figure = town.experiments.design("smart-tv", arms=tmp_path / "regions.csv")
    assert any("Regions are the sample" in note for note in figure.notes)
    assert town.experiments.analyse("by region").rows.num_rows in (0, 3)


def test_regions_that_others_drew_are_the_sample(town, tmp_path):
    rows = [(f"customer:user-{i:06d}-0", min(i // 20, 11)) for i in range(HOMES)]
    lines = [f"{name},{'off' if region in (0, 4, 8, 11) else 'on'},region {region}" for name, region in rows]
    (tmp_path / "both.csv").write_text("identifier,arm,region\n" + "\n".join(lines) + "\n")
    planned = town.experiments.start("drawn", "smart-tv", START, END, arms=tmp_path / "both.csv")
    assert (planned.by, planned.listed, planned.given) == ("region", True, True)
    assert planned.off == pytest.approx(4 / 12)  # of the regions; of the rows it is more
    arms = {r["identifier"]: r["arm"] for r in town.experiments.arms("drawn").to_pylist()}
    told = {name: arms[name] for name, _ in rows if name in arms}
    assert told
    assert all(arm == ("off" if dict(rows)[name] in (0, 4, 8, 11) else "on") for name, arm in told.items())
    with opened(town.experiments.home) as (_, read):
        assert measured(read, planned).found["all"].clusters == 12


def test_a_list_that_mixes_arms_and_regions_starts_nothing(town, tmp_path):
    (tmp_path / "mixed.csv").write_text("identifier,arm,region\ncustomer:1,on,\ncustomer:2,,north\n")
    with pytest.raises(BadFile, match="rows of different kinds"):
        town.experiments.start("mixed", "smart-tv", START, END, arms=tmp_path / "mixed.csv")
    assert "mixed" not in town.experiments.names()


def test_the_interval_for_any_day_is_tuned_to_what_was_planned_for_these_orders(town):
    planned = town.experiments.start("tuned", "smart-tv", END + timedelta(days=1), END + timedelta(days=40))
    assert set(planned.errors) == {"person", "automated"}
    assert max(planned.errors.values()) < planned.error < sum(planned.errors.values())
    assert town.experiments.book().named("tuned") == planned
    begun = replace(planned, start=START, end=END)
    with opened(town.experiments.home) as (_, read):
        for kind in ("all", "person", "automated"):
            usual = measured(read, begun).found[kind]
            other = replace(
                begun, error=9 * planned.error, errors={k: 9 * e for k, e in planned.errors.items()}
            )
            wide = measured(read, other).found[kind]
            assert wide.high == usual.high
            assert wide.always_high > usual.always_high


def test_where_nothing_was_planned_it_is_tuned_to_today_carried_on_to_the_planned_end(town):
    planned = town.experiments.book().named("smart-tv")
    days = (END - START).days + 1
    early = replace(planned, error=None, errors={}, stopped=START + timedelta(days=days // 5 - 1))
    with opened(town.experiments.home) as (_, read):
        for kind in ("all", "person"):
            seen = measured(read, early).found[kind]
            known = replace(early, error=5**0.5 * seen.error, errors={"person": 5**0.5 * seen.error})
            assert measured(read, known).found[kind].always_high == pytest.approx(seen.always_high)


def test_stopping_early_costs_certainty(town):
    last = START + timedelta(days=29)
    town.experiments.stop("smart-tv", last)
    town.run()
    row = rows(town, "SELECT * FROM experiments WHERE name = 'smart-tv' AND kind = 'person'")[0]
    lift = rows(
        town,
        "SELECT high::DOUBLE - low::DOUBLE AS wide, \"end\" FROM lifts WHERE name = 'smart-tv' AND kind = 'person'",
    )[0]
    assert (row["state"], row["days"], lift["end"]) == ("stopped", 30, last)
    once = (row["each_high"] - row["each_low"]) * row["homes_on"]
    assert lift["wide"] > 1.4 * once
    assert town.experiments.drop_lift("board") == 1


def test_persons_are_not_assigned(town):
    settings = town.path / "hearthline.toml"
    before = settings.read_text()
    settings.write_text(before + '[journeys]\nunit = "person"\n')
    town.run()
    settings.write_text(before)
    row = rows(town, "SELECT why FROM experiments WHERE name = 'smart-tv'")[0]
    assert row["why"] == "experiment: households are assigned, but journeys are made for persons"
    with pytest.raises(NothingToAnswer, match="made for persons"):
        town.experiments.design("smart-tv")


def test_a_home_without_four_weeks_has_nothing_to_plan_with(tmp_path):
    home = hl.init(tmp_path / "young")
    sim.write_tables("additive", 40, 20, 3, tmp_path / "tables")
    home.add(tmp_path / "tables")
    home.run()
    with pytest.raises(NothingToAnswer, match="wait for four weeks"):
        home.experiments.design("smart-tv")
    assert home.experiments.names() == ()
    assert home.report("experiments").figure.notes[0].startswith("No experiment yet")
