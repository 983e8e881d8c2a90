"""What members share to read untyped JSON (`sources._reading`)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hearthline import sources
from hearthline.schema.errors import UnknownName


def test_an_unknown_source_lists_those_that_there_are():
    with pytest.raises(UnknownName, match=r"choose one of .*alexa_skill, "):
        sources.load("shely")


@pytest.mark.parametrize("value", [10**20, "1e30", float("nan"), "", "12,50", None, True, [], {}, "Infinity"])
def test_what_is_no_amount_is_absent(value):
    assert sources.money(value) is None


def test_money_is_kept_to_four_decimals():
    assert sources.money(0.1 + 0.2) == Decimal("0.3000")
    assert sources.money("0.00005") == Decimal("0.0000")
    assert sources.money(-3) == Decimal(-3)


@pytest.mark.parametrize(
    "value",
    [
        1772344800,
        1772344800.0,
        1772344800000,
        1772344800000000,
        "1772344800",
        "2026-03-01T06:00:00",
        "2026-03-01T06:00Z",
    ],
)
def test_an_instant_is_read_in_any_documented_unit(value):
    assert sources.instant(value) == datetime(2026, 3, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", [10**30, -1, 0, "1999-12-31", "0001-01-01T00:00:00+14:00", {}, [], True, "x", float("inf")]
)
def test_an_impossible_time_is_absent(value):
    assert sources.instant(value) is None


def test_a_lone_surrogate_does_not_reach_the_lake():
    assert sources.text("a\ud800") == "a?"


def test_planted_names_need_a_system_and_a_kind():
    found = sources.planted({"alexa.user": "a", "colour": "green", "Not.One": "x", "x.y.z": "1"})
    assert [i.namespace for i in found.identifiers] == ["alexa.user"]
    assert found.automation is None
