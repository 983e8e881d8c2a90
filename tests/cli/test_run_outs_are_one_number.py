"""How many supplies run out within 7 days is one number, wherever it is said."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hearthline as hl
from hearthline.reports.run_outs import known_from

Called = Callable[..., Any]
Town = tuple[Path, Any]


def test_the_demo_says_of_sensors_what_the_report_says_of_them(called: Called, town: Town) -> None:
    home, demo = town
    said = re.search(r"run out within 7 days, from sensors +([0-9,]+) ", demo.out)
    figure = hl.open_home(home).report("run_outs").figure
    (note,) = [
        n for n in figure.notes if n.startswith("Run out within 7 days, by what supplies are known from")
    ]
    assert said is not None
    assert f"{said[1]} of" in note
    assert "from sensors" in note
    assert note in " ".join(called("report", "run_outs", "--home", home).out.split())


def test_what_supplies_are_known_from_adds_up_to_the_heading(called: Called, town: Town) -> None:
    opened = hl.open_home(town[0])
    answer = opened.answer()
    try:
        parts = known_from(answer)
    finally:
        answer.close()
    title = opened.report("run_outs").figure.title
    supplies, expected = (sum(p[i] for p in parts.values()) for i in (0, 1))
    assert title.startswith(f"{expected:,.0f} of {supplies:,} supplies run out within 7 days")
    rows = json.loads(called("report", "run_outs", "--home", town[0], "--json").out)["rows"]
    told = sum(r["expected"] for r in rows if r["part"] == "By product" and r["basis"] == "sensor")
    assert abs(told - parts["sensor"][1]) < 1e-6
