"""The command `plan`: moves, budgets, enrolments, each with its interval and its limits."""

import json

import pytest


def asked(called, town, *words):
    said = called("plan", *words, "--home", town[0], "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_a_move_says_what_it_brings_and_how_sure_that_is(called, town):
    told = asked(called, town, "move", "5", "smart-tv", "search-ads")
    assert told["title"].startswith("Moving 5% of smart-tv")
    assert "90% between" in told["title"]
    rows = {r["channel"]: r for r in told["rows"]}
    assert float(rows["smart-tv"]["then"]) < float(rows["smart-tv"]["now"])
    whole = rows["All together"]
    assert float(whole["now"]) == pytest.approx(float(whole["then"]), abs=1e-4)
    assert float(whole["gain_low"]) <= float(whole["gain"]) <= float(whole["gain_high"])


def test_a_budget_stays_in_the_range_of_the_data_or_says_so(called, town):
    inside = asked(called, town, "budget")
    assert all(r["outside"] is None for r in inside["rows"])
    assert sum(float(r["gain"]) for r in inside["rows"][:-1]) >= 0.0
    held = asked(called, town, "budget", "--max", "smart-tv=0.5", "--min", "smart-tv=0.5", "--beyond")
    rows = {r["channel"]: r for r in held["rows"]}
    assert float(rows["smart-tv"]["then"]) == pytest.approx(0.5)
    much = asked(called, town, "budget", "--total", "100000", "--beyond")
    assert any("were seen" in (r["outside"] or "") for r in much["rows"])
    assert any(note.startswith("Outside the range") for note in much["notes"])


def test_enrolments_are_valued_over_their_lives(called, town):
    told = asked(called, town, "enrol", "--more", "20", "--displaced", "0.4")
    rows = told["rows"]
    assert rows
    assert all(float(r["worth_low"]) <= float(r["worth"]) <= float(r["worth_high"]) for r in rows)
    assert "40% of the orders" in told["notes"][0]
    more = asked(called, town, "enrol", "--more", "20", "--displaced", "0")
    assert float(more["rows"][0]["life"]) > float(rows[0]["life"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("move", "5", "billboard", "smart-tv"), "no spend of a channel 'billboard'"),
        (("move", "5", "smart-tv", "smart-tv"), "moves nothing"),
        (("budget", "--total", "1000000"), "does not fit"),
        (("budget", "--max", "smart-tv"), "is no limit"),
        (("enrol", "--more", "0"), "a part above 0"),
    ],
)
def test_what_cannot_be_planned_is_refused(called, town, words, told):
    said = called("plan", *words, "--home", town[0])
    assert said.code == 2
    assert told in said.err


def test_a_plan_reads_well_on_a_terminal(called, town):
    said = called("plan", "budget", "--home", town[0])
    assert said.code == 0
    assert f"hearthline plan budget --home {town[0]} --json" in " ".join(said.out.split())
