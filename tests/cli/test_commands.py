"""Every command: results on standard output, messages on standard error, exit codes as documented."""

import csv
import io
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import hearthline as hl
from hearthline import cli, reports
from hearthline.cli import COMMANDS
from hearthline.schema.errors import HearthlineError

Called = Callable[..., Any]
Town = tuple[Path, Any]
PROGRAM = [sys.executable, "-m", "hearthline"]


def test_every_command_is_a_file_and_every_file_a_command() -> None:
    files = {m.name for m in pkgutil.iter_modules(cli.__path__) if not m.name.startswith("_")}
    assert files == {name for names in COMMANDS.values() for name in names}


@pytest.mark.parametrize("name", [name for names in COMMANDS.values() for name in names])
def test_every_command_has_help(called: Called, name: str) -> None:
    said = called(name, "--help")
    assert said.code == 0
    assert f"hearthline {name}" in said.out


def test_the_version_is_also_an_option(called: Called) -> None:
    asked, told = called("--version"), called("version")
    assert (asked.code, asked.out) == (0, told.out)
    assert hl.__version__ in asked.out


@pytest.mark.parametrize(
    "command",
    [
        ("report",),
        ("report", "overview"),
        ("events", "--limit", "2"),
        ("rejects",),
        ("doctor",),
        ("config", "show"),
        ("sources",),
        ("sources", "segment"),
        ("models",),
        ("version",),
        ("sql", "SELECT count(*) AS n, sum(net) AS net FROM orders"),
    ],
)
def test_json_is_all_that_is_on_standard_output(called: Called, town: Town, command: tuple[str, ...]) -> None:
    at = (
        ()
        if command[0] in ("sources", "models", "version") or command == ("report",)
        else ("--home", town[0])
    )
    said = called(*command, *at, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)
    shown = called(*command, *at)
    assert shown.code == 0, shown.err
    assert shown.out.strip()


@pytest.mark.parametrize("name", reports.names())
def test_every_report_comes_in_every_form(called: Called, town: Town, tmp_path: Path, name: str) -> None:
    at = ("--home", town[0])
    shown = called("report", name, *at)
    assert shown.code == 0, shown.err
    assert json.loads(called("report", name, *at, "--json").out)["name"] == name
    rows = list(csv.reader(io.StringIO(called("report", name, *at, "--csv").out)))
    assert called("report", name, *at, "--parquet", tmp_path / "r.parquet").out == ""
    assert pq.read_table(tmp_path / "r.parquet").num_rows == len(rows) - 1
    assert called("report", name, *at, "--html", tmp_path / "r.html").code == 0
    assert "<html" in (tmp_path / "r.html").read_text()


def test_an_order_is_opened_in_json_too(called: Called, town: Town) -> None:
    order = hl.open_home(town[0]).sql("SELECT order_id FROM orders LIMIT 1")["order_id"][0].as_py()
    opened = json.loads(called("explain", order, "--home", town[0], "--json").out)
    assert opened["order"]["order_id"] == order
    assert {"touches", "totals", "links", "consents", "events"} <= opened.keys()


def test_rejects_of_one_reason_come_line_by_line(called: Called, town: Town) -> None:
    every = json.loads(called("rejects", "--home", town[0], "--json", "--limit", "500").out)
    reason = every[0]["reason"]
    some = json.loads(
        called("rejects", "--home", town[0], "--json", "--reason", reason, "--limit", "500").out
    )
    assert len(some) == sum(r["reason"] == reason for r in every) > 0
    assert all(r["cure"] for r in some)


def test_init_makes_a_home_whose_settings_say_where_they_come_from(called: Called, tmp_path: Path) -> None:
    home = tmp_path / "new"
    assert called("init", home).code == 0
    assert called("init", home).err.count("already") == 1
    file = home / "hearthline.toml"
    file.write_text(file.read_text().replace("# replicates = 100", "replicates = 7"))
    told = json.loads(called("config", "show", "--origin", "--home", home, "--json").out)
    (found,) = [t for t in told if t["setting"] == "attribution.replicates"]
    assert found["value"] == 7
    assert found["origin"].startswith("hearthline.toml:")


def test_the_settings_file_of_a_new_home_is_valid_and_says_the_defaults(
    called: Called, tmp_path: Path
) -> None:
    called("init", tmp_path / "new")
    file = tmp_path / "new" / "hearthline.toml"
    lines = file.read_text().splitlines()
    settings = [line for line in lines if line.startswith("# ") and " = " in line and "not set" not in line]
    named = [
        line.removeprefix("# ") if line in settings and line[2:].split(" = ")[0].isidentifier() else line
        for line in lines
    ]
    before = hl.open_home(tmp_path / "new").settings
    file.write_text("\n".join(named))
    assert hl.open_home(tmp_path / "new").settings == before == hl.Settings()


WRONG = {
    ("repotr",): (2, "No such command 'repotr'", "--help"),
    ("report", "overveiw", "--home", "{home}"): (2, "no report named 'overveiw'", "did you mean `overview`?"),
    ("sources", "segmnt"): (2, "no source named 'segmnt'", "did you mean `segment`?"),
    ("run", "x.csv", "--engine", "dukdb", "--home", "{tmp}"): (2, "no engine named 'dukdb'", "`duckdb`"),
    ("run", "x.csv", "--map", "time", "--home", "{tmp}"): (2, "--map: 'time'", "--map ts=COLUMN"),
    ("run", "no-such.csv", "--home", "{tmp}/h"): (1, "no-such.csv", ""),
    ("run", "--home", "{tmp}/nowhere"): (1, "no Hearthline home here", "hearthline init"),
    ("explain", "nothing", "--home", "{home}"): (2, "no order 'nothing'", "such as"),
    ("sql", "SELECT * FROM ordres", "--home", "{home}"): (
        2,
        "there is no table 'ordres'",
        "did you mean `orders`?",
    ),
    ("events", "--where", "channel", "--home", "{home}"): (2, "the condition", "Candidate"),
    ("report", "overview", "--json", "--csv", "--home", "{home}"): (2, "several forms", "choose one"),
    ("truth", "--seeds", "one"): (2, "--seeds: 'one'", "9001"),
    ("demo", "--world", "flat", "--home", "{tmp}/w"): (2, "flat", "additive"),
}


@pytest.mark.parametrize("command", WRONG, ids=" ".join)
def test_wrong_use_is_told_with_its_cure(
    called: Called, town: Town, tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, wrong, cure = WRONG[command]
    said = called(*(part.format(home=town[0], tmp=tmp_path) for part in command))
    assert said.code == code, said
    assert said.out == ""
    assert "Traceback" not in said.err
    error, *rest = said.err.splitlines()
    assert error.startswith("error[")
    assert wrong in error
    assert cure in "\n".join(rest)


def test_a_defect_is_told_without_its_message_which_may_name_a_person(
    called: Called, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: object) -> None:
        raise KeyError("anna@example.com")

    monkeypatch.setattr(hl, "open_home", broken)
    said = called("doctor", "--home", town[0])
    assert said.code == 1
    assert "error[defect]: KeyError" in said.err
    assert "anna" not in said.err


def test_every_error_of_ours_becomes_a_message(
    called: Called, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in HearthlineError.__subclasses__():
        monkeypatch.setattr(hl, "open_home", _raising(kind))
        said = called("doctor", "--home", town[0])
        assert said.code in (1, 2)
        assert said.err.startswith("error[")
        assert "Traceback" not in said.err


def _raising(kind: type[HearthlineError]) -> Callable[[object], None]:
    def raising(path: object) -> None:
        raise kind("place", "wrong", "do this") if kind is hl.BadPayload else kind("place: wrong; do this")

    return raising


def test_ctrl_c_leaves_with_130_and_the_last_good_answer(
    called: Called, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = called("report", "overview", "--home", town[0], "--json").out
    monkeypatch.setattr("hearthline.pipeline.run", stopped)
    said = called("run", "--home", town[0])
    assert said.code == 130
    assert "last good answer" in said.err
    assert called("report", "overview", "--home", town[0], "--json").out == before


def test_a_reader_that_leaves_early_hears_no_complaint(town: Town) -> None:
    command = " ".join([*PROGRAM, "events", "--json", "--limit", "5000", "--home", str(town[0])])
    shell = f"set -o pipefail; {command} | head -c 10"
    told = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    assert told.stderr == ""
    assert len(told.stdout) == 10
    assert told.returncode == 0


def test_colours_are_left_out_where_they_are_unwanted(town: Town) -> None:
    environment = os.environ | {"NO_COLOR": "1", "HEARTHLINE_HOME": str(town[0])}
    told = subprocess.run(
        [*PROGRAM, "doctor"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0
    assert "\x1b" not in told.stdout + told.stderr


def test_a_stop_by_signal_in_the_midst_of_a_run_is_clean(tables: Path, tmp_path: Path) -> None:
    command = [*PROGRAM, "run", str(tables), "--home", str(tmp_path / "h")]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    while process.poll() is None and not (tmp_path / "h" / "write.lock").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
