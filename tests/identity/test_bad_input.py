"""What real data does to identity: each has a clear result, and none takes more than linear time."""

import sys
from collections.abc import Callable

import pytest

from hearthline.identity import Policies
from hearthline.schema.settings import NamespacePolicy
from tests.identity.conftest import ids, notes, person, resolved, unit


def test_a_super_node_is_demoted_and_its_neighbours_stay_strangers():
    rows = [(ids(f"customer:p{i}", "advertising.device:0000-1111"), 0, 50, 9) for i in range(500)]
    r = resolved(rows)
    assert len({unit(r, row[0]) for row in rows}) == 500
    assert notes(r) == ["joins too many others to be one household's"]


def test_a_cycle_of_ids_is_one_person_and_not_an_endless_loop():
    names = [f"email_hmac:e{i}" for i in range(3)]
    rows = [(ids(a, b), 0, 9, 1) for a, b in zip(names, names[1:] + names[:1], strict=True)]
    r = resolved(rows)
    assert len({person(r, row[0]) for row in rows}) == 1


def test_two_people_who_swap_phones_stay_two_and_the_phones_change_on_the_day():
    a, b = ("customer:ann", "customer:bob"), ("device:p1", "device:p2")
    rows = [
        (ids(a[0], b[0]), 0, 29, 20),
        (ids(a[1], b[1]), 0, 29, 20),
        (ids(a[0], b[1]), 30, 60, 20),
        (ids(a[1], b[0]), 30, 60, 20),
        *((ids(p), 0, 60, 50) for p in b),
    ]
    r = resolved(rows, kinds={"p1": "phone", "p2": "phone"})
    assert person(r, rows[0][0]) != person(r, rows[1][0])
    for phone, before, after in ((b[0], a[0], a[1]), (b[1], a[1], a[0])):
        assert unit(r, ids(phone), 10) == unit(r, ids(before, "device:p1" if before == a[0] else "device:p2"))
        assert unit(r, ids(phone), 50) == unit(r, ids(after, "device:p2" if after == a[0] else "device:p1"))
        assert person(r, ids(phone)) is None


def test_a_browser_id_that_a_vendor_gives_out_again_joins_nobody():
    first, second = (
        ids("customer:ann", "segment.anonymous_id:b1"),
        ids("customer:bea", "segment.anonymous_id:b1"),
    )
    alone = ids("segment.anonymous_id:b1")
    r = resolved([(first, 0, 20, 9), (second, 60, 90, 9), (alone, 0, 90, 30)])
    assert unit(r, first) != unit(r, second)
    assert unit(r, alone, 10) == unit(r, first)
    assert unit(r, alone, 70) == unit(r, second)


def test_ten_thousand_devices_in_one_home_stand_alone():
    home = [(ids("hint.home:h", f"device:d{i}"), 0, 50, 2) for i in range(10_000)]
    r = resolved([*home, (ids("device:d7"), 0, 50, 2), (ids("customer:c", "hint.home:h"), 0, 50, 2)])
    assert unit(r, ids("device:d7")) not in (None, unit(r, ids("customer:c", "hint.home:h")))
    assert notes(r) == ["more devices than a household has"]


def test_a_clock_off_by_a_day_moves_no_device_to_the_wrong_house():
    rows = [
        (ids("customer:a", "device:tv"), 0, 31, 20),  # the last events come a day late
        (ids("customer:b", "device:tv"), 30, 60, 20),
        (ids("device:tv"), 0, 60, 99),
    ]
    r = resolved(rows)
    assert unit(r, rows[0][0]) != unit(r, rows[1][0])
    assert unit(r, ids("device:tv"), 29) == unit(r, rows[0][0])
    assert unit(r, ids("device:tv"), 32) == unit(r, rows[1][0])


def test_an_identifier_that_is_someone_elses_name_is_not_that_someone():
    a, b = ids("customer:ann"), ids("alexa.user:ann", "customer:bob")
    colons = ids("x:customer:ann"), ids("x.customer:ann")
    rows = [(a, 0, 9, 1), (b, 0, 9, 1), *((c, 0, 9, 1) for c in colons)]
    r = resolved(rows)
    assert len({unit(r, row[0]) for row in rows}) == 4


def test_a_colon_in_a_namespace_makes_no_two_identifiers_one():
    from hearthline.schema.arrow import Names
    from hearthline.schema.event import Identifier

    one = Names((Identifier(namespace="a:b", value="c"), Identifier(namespace="customer", value="1")), ())
    two = Names((Identifier(namespace="a", value="b:c"), Identifier(namespace="customer", value="2")), ())
    r = resolved([(one, 0, 9, 1), (two, 0, 9, 1)])
    assert unit(r, one) != unit(r, two)


@pytest.mark.parametrize(
    "value", ["", " ", "\t", "00000000-0000-0000-0000-000000000000", "NULL", "-1", "void", "aaaaaaa"]
)
def test_an_empty_or_idle_value_is_no_id(value):
    a, b = ids("customer:ann", f"email_hmac:{value}"), ids("customer:bea", f"email_hmac:{value}")
    r = resolved([(a, 0, 1, 1), (b, 0, 1, 1)])
    assert unit(r, a) != unit(r, b)
    assert r.identifiers.num_rows == 2


def test_blocked_values_and_patterns_of_the_settings_are_no_ids():
    own = Policies(
        {"alexa.user": NamespacePolicy(blocked_patterns=["^shop-demo-"], blocked=["x1"])}, ["every"]
    )
    for value in ("shop-demo-7", "x1", "every"):
        a, b = ids("customer:ann", f"alexa.user:{value}"), ids("customer:bea", f"alexa.user:{value}")
        r = resolved([(a, 0, 1, 1), (b, 0, 1, 1)], own)
        assert unit(r, a) != unit(r, b), value
    own = Policies({"alexa.user": NamespacePolicy(blocked_patterns=["^shop-demo-"])})
    assert own.of("alexa.user").names == "account"


def _work(function: Callable[[], object]) -> int:
    """Return how many Python calls a function makes: a measure of work that no other load disturbs."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


SHAPES = {
    "a chain of shared e-mails": lambda n: [
        (ids(f"customer:c{i}", f"email_hmac:e{i // 2}", f"phone_hmac:p{(i + 1) // 2}"), i, i + 9, 3)
        for i in range(n)
    ],
    "a star": lambda n: [(ids(f"customer:c{i}", "alexa.user:u"), 0, 9, 3) for i in range(n)],
    "one device of many": lambda n: [(ids(f"customer:c{i}", "device:d"), i, i + 9, 3) for i in range(n)],
    "one person in many homes": lambda n: [
        (ids("customer:c", f"hint.home:h{i}"), i, i + 9, 3) for i in range(n)
    ],
    "one browser of many": lambda n: [(ids(f"customer:c{i}", "anonymous:b"), i, i + 9, 3) for i in range(n)],
    "one home of many devices": lambda n: [
        (ids("hint.home:h", f"device:d{i}"), i, i + 9, 3) for i in range(n)
    ],
    "one account of many homes": lambda n: [
        (ids(f"alexa.user:u{i // 40}", f"hint.home:h{i}"), i % 40, i % 40 + 90, i + 1) for i in range(n)
    ],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_takes_more_than_linear_work(shape):
    small, large = (SHAPES[shape](n) for n in (400, 1600))
    assert _work(lambda: resolved(large)) < 4.6 * _work(lambda: resolved(small))
