"""What single reports say: findings only where intervals allow, mismatches always."""

from decimal import Decimal

import pytest

from hearthline import reports
from hearthline.reports._intervals import ratio, wilson
from hearthline.reports._leaders import finding, ranks
from hearthline.schema.errors import UnknownName
from reports.answers import CASES, town


def row(channel, share, low, high):
    return {"channel": channel, "share": share, "share_low": low, "share_high": high}


def change(answer, sql):
    answer.database.execute(sql)


def build(name, answer):
    return reports.load(name).build(answer)


def test_one_leads_when_no_interval_overlaps():
    said = finding([row("tv", 0.5, 0.45, 0.55), row("web", 0.2, 0.1, 0.3)], "revenue", "M")
    assert said == "tv earned 50% (45–55) of revenue, more than any other channel (M)"


def test_two_lead_together_when_intervals_overlap():
    said = finding([row("tv", 0.5, 0.4, 0.6), row("web", 0.45, 0.35, 0.55)], "revenue", "M")
    assert said == "tv 50% (40–60) and web 45% (35–55) lead revenue together (M)"


def test_nothing_is_found_where_the_largest_share_may_be_zero():
    assert finding([row("tv", 0.1, -0.1, 0.3)], "revenue", "M") is None


def test_the_baseline_is_no_channel():
    assert finding([row("(baseline)", 0.9, 0.8, 1.0)], "revenue", "M") is None


def test_ranks_are_shared_where_intervals_overlap():
    assert ranks([row("a", 0.5, 0.4, 0.6), row("b", 0.45, 0.35, 0.55), row("c", 0.1, 0.05, 0.15)]) == {
        "a": "1–2", "b": "1–2", "c": "3",
    }  # fmt: skip


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (0, 10), (10, 10), (3, 7)])
def test_wilson_holds_the_share_and_stays_in_its_bounds(part, whole):
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1


def test_a_ratio_without_a_denominator_is_nothing():
    assert ratio({"x": 1.0, "y": 0.0, "xx": 1.0, "xy": 0.0, "yy": 0.0, "n": 9}) is None


def test_an_unknown_report_names_those_that_there_are():
    with pytest.raises(UnknownName, match="overview"):
        reports.load("overveiw")


def test_a_ledger_that_does_not_add_up_is_shown_on_every_screen():
    answer = town()
    change(
        answer, "UPDATE ledger SET credited = credited + 0.01 WHERE kind = 'machine' AND model = 'last_touch'"
    )
    figure = build("reconciliation", answer)
    assert figure.title.startswith("It does not add up")
    assert any("Last touch, placed by a machine" in n and "€0.01" in n for n in figure.notes)
    change(answer, "UPDATE ledger SET credited = credited - 5 WHERE model LIKE 'add%' AND kind = 'person'")
    assert "−€5.00" in build("overview", answer).notes[0]


def test_an_order_of_no_known_kind_is_a_mismatch():
    answer = town()
    change(answer, "UPDATE orders SET kind = 'barter' WHERE order_id = 'o5'")
    assert build("reconciliation", answer).title.startswith("It does not add up")


def test_orders_without_a_rate_are_set_aside_and_told():
    figure = build("reconciliation", CASES["foreign"]())
    aside = [r for r in figure.rows.to_pylist() if r["part"].startswith("Set aside")]
    assert [(r["what"], r["orders"], r["own_currency"]) for r in aside] == [("XTS", 3, 37.5)]
    assert any("3 orders in XTS set aside" in n for n in figure.notes)


def test_too_few_homes_give_counts_and_money_but_no_percentage():
    rows = build("attribution", CASES["few_homes"]()).rows.to_pylist()
    known = [r for r in rows if not r["channel"].startswith("Baseline")]
    assert all(r["share"] is None and r["amount"] is not None and r["homes"] == 11 for r in known)


def test_the_largest_difference_to_last_touch_is_told():
    assert any("Largest difference to last touch" in n for n in build("overview", town()).notes)


def test_a_change_that_may_be_none_is_no_clear_change():
    answer = town()
    change(answer, "UPDATE orders SET net = 10")
    change(answer, "UPDATE orders SET day = DATE '2026-04-04' - CAST(hash(order_id) % 56 AS INTEGER)")
    change(answer, "UPDATE orders SET day = DATE '2026-01-05' WHERE order_id = 'o9'")
    assert any("No clear change" in n for n in build("overview", answer).notes)


def test_return_needs_spend_in_the_reporting_currency():
    figure = build("attribution", town())
    costs = {r["channel"]: (r["cost"], r["cost_why"]) for r in figure.rows.to_pylist() if r["kind"] == "all"}
    assert costs["Connected TV"] == (Decimal("1500.500000"), None)
    assert costs["Fridge display"] == (None, "no spend known")
    said = "Spend of 1 channel is in USD (9.00), not counted: no rate into EUR."
    assert said in figure.notes


def test_spend_in_another_currency_counts_at_its_rate():
    answer = town()
    answer.fill("rates", [("USD", Decimal("0.5"))])
    figure = build("attribution", answer)
    costs = {r["channel"]: r["cost"] for r in figure.rows.to_pylist() if r["kind"] == "all"}
    assert costs["Fridge display"] == Decimal("4.500000")
    assert not any("USD" in n for n in figure.notes)


def test_cost_and_return_are_those_of_attribution_beside_last_touch():
    answer = town()
    figure = build("cost_and_return", answer)
    found = figure.rows.to_pylist()
    assert [r["channel"] for r in found] == ["Connected TV"] * 2
    assert [r["section"] for r in found] == ["Additive hazard", "Last touch"]
    theirs = [r for r in build("attribution", answer).rows.to_pylist() if r["cost"] is not None]
    by_model = {r["model"]: (r["amount"], r["earned"], r["earned_low"]) for r in theirs}
    assert [(r["amount"], r["earned"], r["earned_low"]) for r in found] == [
        by_model[m] for m in ("Additive hazard", "Last touch")
    ]
    assert "Connected TV brings" in figure.title
    assert "last touch says" in figure.title
    assert any("USD" in n for n in figure.notes)


def test_cost_and_return_says_how_to_add_spend_where_none_is_known():
    answer = town()
    change(answer, "DELETE FROM spend")
    figure = build("cost_and_return", answer)
    assert figure.title == "Cost and return"
    assert "hearthline add" in figure.notes[0]


def test_both_accountings_sum_to_the_same():
    rows = build("weeks", town()).rows.to_pylist()
    answer = town()
    (want,) = answer.table(
        "SELECT sum(amount) AS s FROM credits WHERE model LIKE 'add%' AND accounting = 'touch'"
    ).to_pylist()
    assert sum(r["by_touch"] for r in rows) == want["s"]


def test_paths_sum_to_all_orders_with_the_rest_in_one_row():
    answer = town()
    rows = [r for r in build("paths", answer).rows.to_pylist() if r["part"] == "Most frequent paths"]
    (whole,) = answer.table("SELECT sum(conversions)::BIGINT AS n FROM paths").to_pylist()
    assert sum(r["orders"] for r in rows) == whole["n"]
    assert rows[-1]["what"].startswith("Other (")


def test_the_flow_of_paths_holds_every_journey():
    answer = town()
    chart = build("paths", answer).chart
    last = [r for r in chart.data.to_pylist() if r["step"] == "Last touch"]
    (whole,) = answer.table("SELECT sum(conversions)::BIGINT AS n FROM paths").to_pylist()
    assert sum(r["journeys"] for r in last if r["to"] == "Ordered") == whole["n"]


def test_a_step_without_events_is_a_dash_and_not_a_zero():
    rows = {r["code"]: r for r in build("journey_map", town()).rows.to_pylist()}
    assert rows["car_audio"]["events"] is None
    assert rows["car_audio"]["why"] == "no event"


def test_the_audit_says_what_is_missing_and_what_to_connect_by_money():
    rows = build("audit", town()).rows.to_pylist()
    assert "Car audio" in [r["step"] for r in rows if r["part"].startswith("Missing")]
    nexts = [r["seen"] for r in rows if r["part"] == "Connect next" and r["seen"] is not None]
    assert nexts == sorted(nexts, reverse=True)
    assert nexts


def test_a_touchpoint_sees_orders_after_its_touch_only():
    answer = town(orders=0)
    change(answer, "DELETE FROM touches")
    change(answer, "INSERT INTO touches VALUES (1, epoch_ms(TIMESTAMP '2026-02-01'), 0, 0)")
    for order, day, net in (("before", "2026-01-31", 10), ("after", "2026-02-02", 7)):
        change(
            answer,
            f"""INSERT INTO orders (order_id, unit, time, day, kind, net, currency,
                                              status)
            VALUES ('{order}', 1, '{day} 12:00:00+00', '{day}', 'person', {net}, 'EUR', 'placed')""",
        )
    rows = {r["what"]: r for r in build("audit", answer).rows.to_pylist()}
    assert rows["Connected TV · speaker"]["seen"] == Decimal(7)


def test_a_check_that_was_not_made_is_no_zero():
    rows = {r["what"]: r for r in build("data_quality", town()).rows.to_pylist()}
    assert (rows["consent denied"]["found"], rows["consent denied"]["why"]) == (None, "not checked")
    assert rows["orders without household"]["found"] == 40


def test_what_is_not_owed_to_touches_is_said_and_how_it_is_known():
    answer = town()
    change(answer, "INSERT INTO owing VALUES ('displacement', 'machine', 0.31, 0.23, 0.39, 90, true)")
    change(answer, "INSERT INTO owing VALUES ('displacement', 'subscription', 0.1, 0.1, 0.1, 0, false)")
    notes = " ".join(build("machine_orders", answer).notes)
    assert (
        "Displacement of machine-placed orders: 31% (90%: 23% to 39%, from 90 homes before and while enrolled)"
        in notes
    )
    assert "Displacement of subscription orders: 10% (assumed, not measured" in notes


def test_a_device_in_two_homes_is_counted_once_and_told():
    answer = town()
    change(answer, "INSERT INTO devices SELECT device, kind, 99, 1, first, last FROM devices LIMIT 1")
    figure = build("homes", answer)
    assert figure.title == "640 homes with 640 devices"
    assert any("1 device moved or are shared" in n for n in figure.notes)


def test_cross_device_accuracy_is_measured_where_logins_can_be_hidden():
    answer = town()
    change(answer, "INSERT INTO cross_device VALUES ('tv', 300, 100, 90, 81), ('phone', 60, 20, 10, 10)")
    figure = build("cross_device", answer)
    whole, tv, phone = figure.rows.to_pylist()
    assert (whole["hidden"], whole["joined"], whole["right"]) == (120, 100, 91)
    assert tv["precision_low"] < tv["precision"] == 0.9 < tv["precision_high"]
    assert tv["recall_low"] < tv["recall"] == 0.81 < tv["recall_high"]
    assert phone["recall"] is None
    assert phone["why"] == "20 devices, 30 needed"
    assert "find the right household without a login" in figure.title


def test_cross_device_accuracy_is_never_a_number_where_nothing_is_known():
    figure = build("cross_device", town())
    (whole,) = figure.rows.to_pylist()
    assert whole["precision"] is None
    assert whole["recall"] is None
    assert whole["why"].startswith("not measurable")
    assert figure.title == "Cross-device accuracy is not measurable here"


def test_sessions_are_shared_out_in_expectation_and_machines_keep_their_own():
    answer = town()
    change(
        answer,
        "INSERT INTO actors SELECT 1, TIMESTAMPTZ '2026-03-01 08:00Z', 'speaker', 5, a, p, c, 'estimated', 1 FROM (VALUES ('person', 7, 0.85), ('person', 8, 0.1), ('unknown', NULL, 0.05)) t(a, p, c)",
    )
    change(
        answer,
        "INSERT INTO order_actors SELECT order_id, shop, unit, 'machine', NULL, 1, 'machine' FROM orders WHERE kind <> 'person' AND unit IS NOT NULL",
    )
    session, machine = build("actors", answer).rows.to_pylist()
    assert (session["n"], session["clear"]) == (1, 1)
    assert abs(session["persons"] - 0.95) < 1e-9
    assert machine["what"] == "Placed by a machine or a schedule"
    assert machine["persons"] == machine["unknown"] == machine["clear"] == 0


def test_the_doubt_report_says_who_is_counted_twice_and_what_a_threshold_would_part():
    answer = CASES["nothing"]()
    answer.database.execute(
        "DELETE FROM links; DELETE FROM identifiers; DELETE FROM orders; DELETE FROM order_actors"
    )
    ids = [
        ("customer:a", "person", 1, 10),
        ("email_hmac:a", "person", 1, 10),
        ("device:tv", "device", 1, None),
    ]
    ids += [("customer:b", "person", 1, 11), ("customer:c", "person", 2, 12)]
    for name, kind, unit, person in ids:
        answer.database.execute(
            "INSERT INTO identifiers (id, names, unit, person) VALUES (?, ?, ?, ?)",
            [name, kind, unit, person],
        )
    links = [("customer:a", "email_hmac:a", "used", 4.0), ("customer:a", "device:tv", "used", 5.0)]
    links += [("customer:b", "device:tv", "used", 1.0), ("customer:b", "customer:c", "demoted", 1.0)]
    for left, right, state, weight in links:
        answer.database.execute(
            "INSERT INTO links (left_id, right_id, kind, state, weight) VALUES (?, ?, 'seen_with', ?, ?)",
            [left, right, state, weight],
        )
    for order, unit, person, net in (("o1", 1, 10, 30), ("o2", 1, 11, 7), ("o3", 2, 12, 5)):
        answer.database.execute(
            "INSERT INTO orders (order_id, shop, unit, net, status) VALUES (?, '//shop', ?, ?, 'placed')",
            [order, unit, net],
        )
        answer.database.execute(
            "INSERT INTO order_actors VALUES (?, '//shop', ?, 'person', ?, 1, 'named')", [order, unit, person]
        )
    rows = {(r["part"], r["what"]): r for r in build("doubt", answer).rows.to_pylist()}
    persons = rows["Without any link", "Persons"]
    assert (persons["found"], persons["apart"], persons["changed"]) == (3, 4, 1)
    surer = rows["With surer links only", "90% sure or more"]
    assert (surer["links"], surer["found"], surer["apart"], surer["changed"], surer["revenue"]) == (
        1,
        3,
        1,
        1,
        7,
    )
    strict = rows["With surer links only", "99% sure or more"]
    assert (strict["links"], strict["apart"], strict["revenue"]) == (2, 2, 7)
    looser = rows["With links that were set aside", "Everything that was ever found"]
    assert (looser["links"], looser["found"], looser["changed"], looser["revenue"]) == (1, 1, 2, 42)
    weak = rows["Homes that would lose most, at 90%", "1"]
    assert (weak["unit"], weak["revenue"]) == (1, 7)


def test_what_a_touch_does_is_told_for_a_hundred_of_them():
    figure = build("effects", town())
    first = figure.rows.to_pylist()[0]
    assert (first["section"], first["caused"], first["low"]) == ("Orders by hand", 8.0, 4.0)
    assert "cause 8.0 orders" in figure.title


def test_orders_as_foretold_are_held_against_those_that_were_seen():
    figure = build("fitness", town())
    homes = [r for r in figure.rows.to_pylist() if r["what"] == "homes"]
    assert [r["agrees"] for r in homes] == ["yes"] * 9 + ["no"]
    assert figure.title == "In 9 of 10 tenths of unseen homes orders agree with what was foretold"
    answer = town()
    change(answer, "DELETE FROM fitness")
    assert "Too few orders" in " ".join(build("fitness", answer).notes)
