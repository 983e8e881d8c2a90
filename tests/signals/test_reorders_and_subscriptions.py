"""When to order, how much, and which subscriptions fit."""

import math
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from hearthline import signals
from hearthline.signals import Asked

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)


def table(schema, rows):
    return pa.Table.from_pylist([{f.name: row.get(f.name) for f in schema} for row in rows], schema=schema)


def supply(unit=1, packs=0.5, rate=0.05, **more):
    plain = {
        "unit": unit, "device": f"d{unit}", "supply": "pods", "product": "capsules", "kind": "k", "basis": "sensor",
        "last": AS_OF, "since": AS_OF, "packs": packs, "packs_sd": 0.02, "rate": rate, "rate_sd": 0.1 * rate,
        "spread": 0.02, "drift": 0.02, "pack": 100.0, "readings": 50, "refills": 2,
    }  # fmt: skip
    return plain | more


def proposals(supplies, prices=(), leads=(), **options):
    made = signals.load("supplies").TABLES
    seen = {
        "supplies": table(made["supplies"], supplies),
        "supply_kinds": table(
            made["supply_kinds"], [{"kind": "k", "weekday": [1.0] * 7, "season": [1.0] * 12}]
        ),
        "lead_times": table(
            made["lead_times"], [{"unit": 1, "product": "capsules", "days": d} for d in leads]
        ),
        "prices": pa.table(
            {
                "product": pa.array([p for p, _, _ in prices], pa.string()),
                "packs": pa.array([n for _, n, _ in prices], pa.int64()),
                "price": pa.array([c for _, _, c in prices], pa.float64()),
                "orders": pa.array([9] * len(prices), pa.int64()),
            }
        ),
    }
    asked = signals.asked_of("reorders", Asked(AS_OF), options)
    return signals.load("reorders").derive(seen, asked)["reorders"].to_pylist()


def test_an_order_waits_while_the_risk_is_small_and_no_longer():
    (row,) = proposals([supply(packs=0.5, rate=0.05)])  # ten days left
    assert 1 < row["wait"] < 6
    assert row["risk"] <= 0.05 + 0.01 < row["risk_later"]
    assert row["due"] == pytest.approx(AS_OF + timedelta(days=row["wait"]), abs=timedelta(seconds=1))


def test_a_higher_service_and_slower_deliveries_order_earlier():
    usual = proposals([supply()])[0]["wait"]
    assert proposals([supply()], service=0.99)[0]["wait"] < usual
    assert proposals([supply()], leads=[6.0] * 30)[0]["wait"] < usual


def test_what_is_nearly_empty_is_ordered_now_and_says_the_risk():
    (row,) = proposals([supply(packs=0.05)])
    assert row["wait"] == 0
    assert "order now, risk already" in row["why"]


def test_more_packs_are_ordered_where_they_are_cheaper_and_keep():
    prices = [("capsules", 1, 10.0), ("capsules", 3, 7.0)]
    assert proposals([supply()], prices)[0]["quantity"] == 3
    assert proposals([supply()], prices)[0]["price"] == 7.0
    assert proposals([supply()], prices, shelf_days=50)[0]["quantity"] == 1
    assert proposals([supply()])[0]["quantity"] == 1


def subscribed(rhythm=14.0, supplies=(), hand=(), free=(), **more):
    row = {"enrolment_id": "s1", "unit": 1, "began": AS_OF - timedelta(days=100), "ended": None, "orders": 7,
           "value": 20.0, "latest": AS_OF - timedelta(days=2), "rhythm": rhythm} | more  # fmt: skip
    when = pa.timestamp("us", tz="UTC")
    schema = pa.schema(
        [("enrolment_id", pa.string()), ("unit", pa.int64()), ("began", when), ("ended", when), ("orders", pa.int64()),
         ("value", pa.float64()), ("latest", when), ("rhythm", pa.float64())]
    )  # fmt: skip
    days = [AS_OF - timedelta(days=d) for d in hand]
    seen = {
        "standing": table(schema, [row]),
        "by_hand": pa.table({"unit": pa.array([1] * len(days), pa.int64()), "time": pa.array(days, when)}),
        "free_hand": pa.table(
            {
                "unit": pa.array([u for u, _, _ in free], pa.int64()),
                "orders": pa.array([n for _, n, _ in free], pa.int64()),
                "days": pa.array([float(d) for _, _, d in free], pa.float64()),
            }
        ),
        "supplies": table(signals.load("supplies").TABLES["supplies"], supplies),
        "run_outs": table(signals.load("run_outs").TABLES["run_outs"], []),
    }
    asked = signals.asked_of("subscriptions", Asked(AS_OF), {})
    (found,) = signals.load("subscriptions").derive(seen, asked)["subscriptions"].to_pylist()
    return found


def test_a_rhythm_that_fits_is_kept():
    found = subscribed(supplies=[supply(rate=1 / 14, rate_sd=0.05 / 14)])
    assert (found["proposal"], found["worth"]) == ("keep", 0.0)


def test_a_home_that_uses_faster_is_asked_more_often_and_it_is_worth_the_orders():
    found = subscribed(rhythm=28.0, supplies=[supply(rate=1 / 14, rate_sd=0.05 / 14)])
    assert (found["proposal"], found["days"]) == ("more often", 14.0)
    assert found["worth"] == pytest.approx(365 * 20 * (1 / 14 - 1 / 28), rel=0.01)


def test_a_home_that_uses_very_fast_needs_another_size():
    found = subscribed(rhythm=14.0, supplies=[supply(rate=1 / 4, rate_sd=0.05 / 4)])
    assert (found["proposal"], found["packs"]) == ("other size", 4)


def test_what_is_topped_up_by_hand_is_sold_already():
    home = [supply(rate=1 / 14, rate_sd=0.05 / 14)]
    plain = subscribed(rhythm=28.0, supplies=home)["worth"]
    topped = subscribed(rhythm=28.0, supplies=home, hand=[80, 50, 20])["worth"]
    assert topped == pytest.approx(plain - 365 * 20 * 3 / 100)


def test_fewer_deliveries_cost_what_they_do_not_keep():
    found = subscribed(supplies=[supply(rate=1 / 28, rate_sd=0.05 / 28)])
    assert found["worth"] == pytest.approx(365 * 20 * (0.25 / 14 - (1 / 14 - 1 / 28)))


def test_where_orders_cover_half_of_use_elsewhere_a_home_that_orders_half_as_often_fits():
    hand = list(range(102, 400, 28))
    alone = subscribed(hand=hand)
    assert (alone["proposal"], alone["basis"]) == ("less often", "before")
    rates = {u: math.exp(0.9 * math.sin(u)) / 14 for u in range(10, 50)}
    others = [supply(unit=u, rate=r) for u, r in rates.items()]
    half = [(u, 7, 6 / (0.5 * r)) for u, r in rates.items()]
    learned = subscribed(hand=hand, supplies=others, free=half)
    assert learned["proposal"] == "keep"
    assert learned["fits"] == pytest.approx(14, rel=0.1)
    assert "cover 50% of it" in learned["why"]
    assert alone["often"] > 0.8
    assert learned["often"] < 0.4


def test_a_home_that_uses_slower_is_asked_less_often():
    assert subscribed(supplies=[supply(rate=1 / 28, rate_sd=0.05 / 28)])["proposal"] == "less often"


def test_full_shelves_skip_and_silent_devices_pause():
    assert subscribed(supplies=[supply(packs=3.0, rate=1 / 14, rate_sd=0.05 / 14)])["proposal"] == "skip"
    silent = supply(rate=1 / 14, last=AS_OF - timedelta(days=60))
    assert subscribed(supplies=[silent])["proposal"] == "pause"


def test_orders_by_hand_beside_it_say_that_it_is_too_slow():
    found = subscribed(rhythm=28.0, orders=4, hand=[95, 80, 66, 52, 38, 24, 10, 5])
    assert (found["proposal"], found["basis"]) == ("more often", "top-ups")


def test_without_evidence_of_use_nothing_is_proposed():
    assert subscribed()["proposal"] == "watch"


def test_an_ended_one_is_offered_again_where_the_home_still_uses():
    ended = {"ended": AS_OF - timedelta(days=10)}
    assert subscribed(supplies=[supply()], **ended)["proposal"] == "resume"
    assert subscribed(**ended)["proposal"] == "keep"
