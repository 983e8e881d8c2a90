"""What is left and when it runs out, on homes whose use is known."""

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from hearthline import signals
from hearthline.signals import Asked

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
WHEN = pa.timestamp("us", tz="UTC")
NAMED = [("unit", pa.int64()), ("device", pa.string()), ("supply", pa.string())]


def asked(name, as_of=AS_OF, **options):
    return signals.asked_of(name, Asked(as_of), options)


def readings(levels, unit=1, first=AS_OF, measure="percent", kind="appliance"):
    """One reading a day up to the as-of, the last one an hour before it."""
    n = len(levels)
    times = [first - timedelta(days=n - 1 - i, hours=1) for i in range(n)]
    return pa.table(
        {
            "unit": pa.array([unit] * n, pa.int64()),
            **{
                name: pa.array([value] * n, pa.string())
                for name, value in (
                    ("device", f"d{unit}"),
                    ("supply", "pods"),
                    ("kind", kind),
                    ("measure", measure),
                )
            },
            "time": pa.array(times, WHEN),
            "level": pa.array(levels, pa.float64()),
        }
    )


def bought(*orders):
    names = ["unit", "product", "time", "quantity"]
    types = [pa.int64(), pa.string(), WHEN, pa.float64()]
    columns = list(zip(*orders, strict=True)) or [[]] * 4
    return pa.table({n: pa.array(list(c), t) for n, c, t in zip(names, columns, types, strict=True)})


def uses(*rows):
    columns = list(zip(*rows, strict=True)) or [[]] * 5
    types = [*NAMED, ("time", WHEN), ("uses", pa.float64())]
    return pa.table({n: pa.array(list(c), t) for (n, t), c in zip(types, columns, strict=True)})


def schedules(*rows):
    columns = list(zip(*rows, strict=True)) or [[]] * 2
    types = [("product", pa.string()), ("days", pa.float64())]
    return pa.table({n: pa.array(list(c), t) for (n, t), c in zip(types, columns, strict=True)})


def left(*households, pauses=0, returns=0):
    """What `churn` says of households: (unit, state, chance that it is gone)."""
    tables = signals.load("churn").TABLES
    rows = [{"unit": u, "state": state, "gone": gone} for u, state, gone in households]
    model = [{"pauses": pauses, "returns": returns}] if pauses else []
    return {
        n: pa.Table.from_pylist(r, schema=tables[n]) for n, r in (("churn", rows), ("churn_model", model))
    }


def derived(levels=None, orders=(), used=(), as_of=AS_OF, due=(), churn=None):
    seen = {
        "schedules": schedules(*due),
        "level_readings": readings([], 1) if levels is None else levels,
        "bought": bought(*orders),
        "uses": uses(*used),
    }
    made = signals.load("supplies").derive(seen, asked("supplies", as_of))
    seen = {**made, **(left() if churn is None else churn)}
    made = {**made, **signals.load("run_outs").derive(seen, asked("run_outs", as_of))}
    return {name: rows.to_pylist() for name, rows in made.items()}


def falling(a_day, days, start=100.0, step=1.0):
    """Levels of a home that uses so much a day and refills at once when it is empty, in steps."""
    out, level = [], start
    for _ in range(days):
        level = level - a_day if level - a_day > 0 else 100.0
        out.append(round(level / step) * step)
    return out


@pytest.mark.parametrize("step", [1.0, 5.0, 25.0])
def test_a_home_that_uses_evenly_runs_out_when_it_must(step):
    parts = [readings(falling(4.0, 113 + u, step=step), u) for u in range(1, 9)]
    made = derived(pa.concat_tables(parts))
    for supply, out in zip(made["supplies"], made["run_outs"], strict=True):
        exact = falling(4.0, 112 + supply["unit"] + 1)[-1] / 100
        assert supply["rate"] == pytest.approx(0.04, rel=0.12)
        assert supply["packs"] == pytest.approx(exact, abs=step / 100)
        assert out["low"] <= out["low80"] <= out["days"] <= out["high80"] <= out["high"]
        assert out["days"] == pytest.approx(supply["packs"] / supply["rate"], rel=0.25, abs=1)


def test_refills_are_seen_and_noise_is_none():
    made = derived(readings([50, 48, 51, 46, 44, 100, 97, 95], 1))
    (supply,) = made["supplies"]
    assert supply["refills"] == 1
    assert supply["refilled"] == AS_OF - timedelta(days=2, hours=1)


def test_a_count_is_told_in_packs_of_its_fullest():
    made = derived(readings([30, 27, 24, 21, 18, 15, 12], 1, measure="count"))
    (supply,) = made["supplies"]
    assert (supply["pack"], supply["reading"]) == (30.0, 12.0)
    assert supply["packs"] == pytest.approx(0.4, abs=0.05)


def test_what_comes_after_the_as_of_is_not_known():
    levels = falling(4.0, 90)
    now = derived(readings(levels, 1))
    later = pa.concat_tables([readings(levels, 1), readings([3.0, 2.0], 1, first=AS_OF + timedelta(days=9))])
    assert derived(later) == now


def test_a_homes_forecast_needs_no_other_home_once_its_kind_is_known_by_many():
    many = pa.concat_tables([readings(falling(3.0 + u % 5, 120, start=60 + u), u) for u in range(40)])
    whole = {r["unit"]: r for r in derived(many)["run_outs"]}
    fewer = many.filter(pa.array(np.isin(many["unit"].to_numpy(), range(39))))
    for row in derived(fewer)["run_outs"]:
        assert row["days"] == pytest.approx(whole[row["unit"]]["days"], rel=0.05, abs=0.3)


def test_without_a_sensor_orders_say_when_the_next_is_due():
    orders = [(u, "tabs", AS_OF - timedelta(days=30 * k + u), 1.0) for u in range(1, 12) for k in range(5)]
    made = derived(orders=orders)
    assert {s["basis"] for s in made["supplies"]} == {"orders"}
    for row in made["run_outs"]:
        assert row["days"] == pytest.approx(30 - row["unit"], abs=4)
        assert row["product"] == "tabs"


def test_an_overdue_order_is_soon_and_never_in_the_past():
    orders = [(1, "tabs", AS_OF - timedelta(days=d), 1.0) for d in (45, 75, 105, 135)]
    orders += [(u, "tabs", AS_OF - timedelta(days=30 * k + u), 1.0) for u in range(2, 12) for k in range(5)]
    first = derived(orders=orders)["run_outs"][0]
    assert first["unit"] == 1
    assert 0 <= first["low"] <= first["days"] < 15


def test_a_product_that_a_sensor_tells_of_is_not_told_twice():
    levels = falling(5.0, 60)
    at = [i for i in range(1, 60) if levels[i] > levels[i - 1]]
    times = [AS_OF - timedelta(days=59 - i, hours=30) for i in at]
    made = derived(readings(levels, 1), orders=[(1, "pods refill", t, 1.0) for t in times])
    assert [(s["basis"], s["product"]) for s in made["supplies"]] == [("sensor", "pods refill")]


def ago(days):
    return AS_OF - timedelta(days=days)


def test_what_is_changed_by_the_calendar_is_due_after_its_days_even_after_one_order():
    made = derived(orders=[(1, "Water filter", ago(60), 1.0)], due=[("water filter", 90.0)])
    (run_out,) = made["run_outs"]
    assert run_out["basis"] == "schedule"
    assert run_out["days"] == pytest.approx(30, abs=1)
    assert 10 < run_out["high80"] - run_out["low80"] < 30
    assert run_out["low80"] < 30 < run_out["high80"]


def test_packs_that_came_early_are_begun_one_after_the_other():
    orders = [
        (1, "pads", ago(50), 2.0),
        (1, "pads", ago(40), 1.0),
        (2, "pads", ago(100), 1.0),
        (2, "pads", ago(10), 1.0),
    ]
    made = derived(orders=orders, due=[("pads", 30.0)])
    days = {r["unit"]: r["days"] for r in made["run_outs"]}
    assert days[1] == pytest.approx(-50 + 90, abs=2)
    assert days[2] == pytest.approx(-10 + 30, abs=2)
    assert {r["basis"] for r in made["run_outs"]} == {"schedule"}


def test_a_schedule_for_one_product_leaves_others_to_their_orders():
    orders = [(1, "pads", ago(50), 1.0), *((1, "tea", ago(20 * k), 1.0) for k in range(5))]
    made = derived(orders=orders, due=[("pads", 30.0)])
    assert {(r["product"], r["basis"]) for r in made["run_outs"]} == {("pads", "schedule"), ("tea", "orders")}


def test_uses_of_a_device_that_a_sensor_reads_are_not_counted_again():
    orders = [(1, "pods", ago(20 * k + 1), 1.0) for k in range(5)]
    used = [(1, "d1", "brews", ago(k * 0.5), 1.0) for k in range(160)]
    assert any(r["basis"] == "uses" for r in derived(orders=orders, used=used)["supplies"])
    made = derived(readings(falling(5, 90)), orders=orders, used=used)
    assert not any(r["basis"] == "uses" for r in made["supplies"])


def test_counted_uses_run_down_a_pack_that_lasted_as_many_before():
    orders = [(1, "tabs", AS_OF - timedelta(days=d), 1.0) for d in (70, 40, 10)]
    used = [(1, "w1", "tabs", AS_OF - timedelta(days=d, hours=2), 1.0) for d in range(70)]
    supply = next(s for s in derived(orders=orders, used=used)["supplies"] if s["basis"] == "uses")
    assert supply["pack"] == pytest.approx(30, abs=1)
    assert supply["packs"] == pytest.approx(1 - 10 / 30, abs=0.05)
    assert supply["rate"] == pytest.approx(1 / 30, rel=0.1)


def test_what_runs_out_this_week_becomes_a_derived_event():
    levels = pa.concat_tables([readings(falling(4.0, 97), 1), readings(falling(4.0, 80), 2)])
    made = derived(levels)
    soon = [r["unit"] for r in made["run_outs"] if r["week"] > 0.5]
    assert [e["unit"] for e in made["derived"]] == soon == [1]
    assert made["derived"][0]["type"] == "derived.supply.running_out"
    assert made["derived"][0]["time"] == AS_OF


def test_a_season_of_all_homes_moves_the_forecast_once_it_was_seen_for_more_than_a_year():
    parts = []
    for home in range(30):
        level, said = 100.0 - home, []
        for back in range(800, 0, -1):
            month = (AS_OF - timedelta(days=back)).month
            level = level - (6.0 if month in (12, 1, 2) else 2.0)
            level = level if level > 0 else 100.0
            said.append(level)
        parts.append(readings(said, home))
    made = derived(pa.concat_tables(parts))
    season = made["supply_kinds"][0]["season"]
    assert min(season[11], season[0], season[1]) > 2 * max(season[3:10])
    full = [r for r in made["run_outs"] if r["packs"] > 0.5]
    for row in full:  # it is March now: two a day, not six
        assert row["days"] == pytest.approx(100 * row["packs"] / 2, rel=0.25)


def test_a_clock_of_another_century_spoils_nothing():
    old = readings([50.0, 40.0], 1, first=datetime(1970, 1, 2, tzinfo=UTC))
    levels = readings(falling(4.0, 60), 1)
    assert derived(pa.concat_tables([old, levels]))["run_outs"] == derived(levels)["run_outs"]


def test_levels_that_are_no_numbers_are_not_read():
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(
        """CREATE TABLE homed_events AS SELECT 1::BIGINT AS unit, 'd' AS device_id, NULL AS signal_instance,
        'level' AS signal_attribute, 'appliance' AS device_kind, 'percent' AS signal_unit, now() AS time,
        'device.inventory.level_reported' AS type, unnest(['nan'::DOUBLE, 'inf'::DOUBLE, -1, 1e300, 40]) AS signal_number"""
    )
    sql = signals.load("supplies").READS["level_readings"]
    assert con.sql(sql).to_arrow_table()["level"].to_pylist() == [40.0]


def test_nothing_runs_out_where_nobody_is_left():
    levels = pa.concat_tables([readings(falling(4.0, 120), u) for u in (1, 2, 3, 4)])
    churn = left((3, "active", 0.75), (1, "active", 0.0), (2, "silent", None), pauses=10, returns=2)
    usual = {r["unit"]: r for r in derived(levels)["run_outs"]}
    made = {r["unit"]: r for r in derived(levels, churn=churn)["run_outs"]}
    for unit, there in ((1, 1.0), (2, 0.2), (3, 0.25), (4, 1.0)):  # nothing is said of 4
        assert usual[unit]["month"] > 0.5
        for name in ("week", "month"):
            assert made[unit][name] == pytest.approx(there * usual[unit][name])
        assert made[unit]["days"] == usual[unit]["days"]


def test_who_is_silent_between_orders_may_have_use_that_nobody_tells():
    orders = [(1, "tea", AS_OF - timedelta(days=d), 1.0) for d in (160, 120, 80, 40)]
    silent = left((1, "silent", None), pauses=10, returns=0)
    assert derived(orders=orders, churn=silent)["run_outs"] == derived(orders=orders)["run_outs"]
