"""The command `experiment`, from a design to credit that has learned."""

import csv
import io
import json


def test_an_experiment_is_designed_started_assigned_and_read(called, town, tmp_path):
    home, _ = town
    said = called("experiment", "design", "smart-tv", "--home", home, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["name"] == "experiment_design"
    said = called(
        *("experiment", "start", "tv", "--channel", "smart-tv", "--start", "2026-02-01", "--weeks", "4"),
        *("--home", home),
    )
    assert said.code == 0, said.err
    assert "off in 50% of the households from 2026-02-01 to 2026-02-28" in said.err
    assert "next: hearthline experiment assign tv" in said.err
    told = called("experiment", "assign", "tv", "--namespace", "segment.user", "--home", home)
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert {r["arm"] for r in rows} == {"on", "off"}
    assert all(r["identifier"].startswith("segment.user:") for r in rows)
    said = called("experiment", "assign", "tv", "--csv", tmp_path / "arms.csv", "--home", home)
    assert "identifiers on," in said.err
    shown = called("experiment", "analyse", "tv", "--home", home)
    assert shown.code == 0
    assert "What did the channel cause" in shown.out
    lifts = tmp_path / "lifts.csv"
    lifts.write_text("channel,start,end,lift,error\nsmart-tv,2026-02-01,2026-02-20,100,50\n")
    assert "kept 1 lift of smart-tv" in called("experiment", "import", lifts, "--home", home).err
    listed = called("experiment", "list", "--home", home)
    assert "imported lift" in listed.out
    assert len(json.loads(called("experiment", "list", "--home", home, "--json").out)["lifts"]) == 1
    assert called("experiment", "calibrate", "--home", home).code == 0
    assert (
        "ends on 2026-02-10" in called("experiment", "stop", "tv", "--day", "2026-02-10", "--home", home).err
    )
    assert called("experiment", "drop", "smart-tv from 2026-02-01", "--home", home).code == 0


def test_a_day_that_is_none_is_wrong_use(called, town):
    said = called("experiment", "start", "x", "--channel", "tv", "--start", "soon", "--home", town[0])
    assert said.code == 2
    assert "'soon' is no day" in said.err
