"""A home opens down to what signals say of it, and to the readings that they rest on."""

import shlex
from pathlib import Path

import pytest

import hearthline as hl
from hearthline import sim
from hearthline.reports._opening import OPENED, opened


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> hl.Home:
    folder = tmp_path_factory.mktemp("opened")
    sim.write_payloads("additive", 100, 60, 5, folder / "inbox", layers=sim.Layers(faults=0.02))
    made = hl.init(folder / "home")
    (Path(made.path) / "hearthline.toml").write_text(
        '[attribution]\nmodels = ["last_touch"]\nreplicates = 0\n'
    )
    made.add(folder / "inbox")
    made.run()
    return made


def test_a_run_out_rests_on_the_readings_of_its_own_sensor(home: hl.Home) -> None:
    (row,) = home.sql(
        "SELECT unit, device, readings, reading FROM supplies WHERE basis = 'sensor' ORDER BY unit LIMIT 1"
    ).to_pylist()
    opened = home.explain_household(str(row["unit"]))
    (said,) = (s for s in opened.signals if s["signal"] == "run_outs" and s["device"] == row["device"])
    assert f"from {row['readings']} readings" in said["said"]
    levels = [r for r in opened.readings if r["attribute"] == "level" and r["device"] == row["device"]]
    assert float(levels[0]["value"]) == row["reading"]
    assert levels[0]["time"] == max(r["time"] for r in levels)


def test_an_alarm_rests_on_errors_that_are_shown(home: hl.Home) -> None:
    alarms = home.sql("SELECT unit, device FROM service_alerts ORDER BY day DESC").to_pylist()
    assert alarms
    opened = home.explain_household(str(alarms[0]["unit"]))
    assert any(s["signal"] == "service_alerts" and s["device"] == alarms[0]["device"] for s in opened.signals)
    assert any(r["attribute"] == "error" for r in opened.readings)


def test_readings_are_those_of_the_home_alone(home: hl.Home) -> None:
    units = home.sql("SELECT DISTINCT unit FROM supplies ORDER BY unit LIMIT 6")["unit"].to_pylist()
    seen = [{r["device"] for r in home.explain_household(str(u)).readings} for u in units]
    assert all(a.isdisjoint(b) for i, a in enumerate(seen) for b in seen[i + 1 :])


@pytest.mark.parametrize("report", sorted(OPENED))
def test_what_a_report_names_to_open_its_figures_shows_something(home: hl.Home, report: str) -> None:
    for _, command in OPENED[report]:
        verb, *words = shlex.split(command)
        if verb == "explain":
            assert words[-1] in ("HOME", "ORDER", "LINK")
        elif words[-1] != "device_id = 'DEVICE'":
            sql = words[0] if verb == "sql" else f"SELECT id FROM events WHERE {words[1]}"
            assert home.sql(sql).num_rows, command


def test_a_report_with_rows_says_how_they_are_opened_and_one_without_does_not(home: hl.Home) -> None:
    for report in OPENED:
        shown = home.report(report).figure
        assert set(opened(report, shown.rows)) <= set(shown.notes), report
    assert opened("churn", []) == ()
