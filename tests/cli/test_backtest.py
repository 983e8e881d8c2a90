"""`hearthline backtest`: forecasts against what came."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hearthline import open_home

Called = Callable[..., Any]


def test_forecasts_are_held_against_what_came(called: Called, town: tuple[Path, Any]) -> None:
    told = called("backtest", "--days", "20", "--json", "--home", town[0])
    assert told.code == 0
    found = {(h["what"], h["unit"]): h for h in json.loads(told.out)}
    orders, money = found["enrolments", "orders"], found["enrolments", "money"]
    assert orders["low"] <= orders["foretold"] <= orders["high"]
    answer = open_home(town[0]).answer()
    counted = answer.table(
        "SELECT count(*) AS n, CAST(sum(o.net) AS DOUBLE) AS net FROM orders o JOIN enrolments e ON o.enrolment = "
        "e.enrolment_id WHERE o.kind <> 'person' AND o.status = 'placed' AND epoch_ms(o.time) > "
        "(SELECT epoch_ms(max(time)) - 20 * 86400000 FROM orders) AND epoch_ms(e.time) <= "
        "(SELECT epoch_ms(max(time)) - 20 * 86400000 FROM orders)"
    ).to_pylist()[0]
    answer.close()
    assert orders["came"] == counted["n"]
    assert round(money["came"], 2) == round(counted["net"], 2)


def test_the_table_names_what_was_held_back(called: Called, town: tuple[Path, Any]) -> None:
    told = called("backtest", "--days", "20", "--home", town[0])
    assert "if none ended" in told.out
    assert "as of 20 days before" in told.err


def test_too_many_days_leave_nothing_to_foretell(called: Called, town: tuple[Path, Any]) -> None:
    told = called("backtest", "--days", "900", "--home", town[0])
    assert told.code == 1
    assert "hold back fewer days" in told.err


def test_forecast_credit_adds_up_to_the_forecast(town: tuple[Path, Any]) -> None:
    answer = open_home(town[0]).answer()
    rows = answer.table(
        "SELECT f.model, CAST(sum(f.ahead) AS DOUBLE) AS shared, (SELECT CAST(sum(ahead) AS DOUBLE) "
        "FROM enrolment_ledger) AS whole FROM forecast_credit f WHERE f.\"of\" = 'enrolments' GROUP BY f.model"
    ).to_pylist()
    answer.close()
    assert rows
    for row in rows:
        assert abs(row["shared"] - row["whole"]) < 0.001
