"""Households from what was seen together: joined, moved, visited, and never merged by accident."""

import pytest

from hearthline.schema.arrow import identity_key
from tests.identity.conftest import ids, resolved, unit


def test_identifiers_seen_together_are_one_household():
    login = ids("customer:c1", "segment.anonymous_id:a1")
    voice = ids("customer:c1", "alexa.user:u1")
    r = resolved([(login, 0, 1, 2), (voice, 2, 3, 2), (ids("alexa.user:u1", "device:s1"), 4, 5, 9)])
    assert unit(r, login) == unit(r, voice) == unit(r, ids("alexa.user:u1", "device:s1"))


def test_a_device_follows_whoever_used_it_last_and_keeps_its_past():
    alone = ids("device:tv")
    a, b = ids("customer:a", "device:tv"), ids("customer:b", "device:tv")
    r = resolved([(a, 0, 20, 20), (b, 40, 60, 20), (alone, 0, 60, 99)])
    assert unit(r, a) != unit(r, b)
    assert unit(r, alone, 30) == unit(r, a)
    assert unit(r, alone, 50) == unit(r, b)


def test_two_logins_side_by_side_for_weeks_on_one_device_are_one_household():
    a, b = ids("customer:a", "device:tv"), ids("customer:b", "device:tv")
    r = resolved([(a, 0, 60, 30), (b, 10, 50, 30)])
    assert unit(r, a) == unit(r, b)
    assert r.homes["persons"].to_pylist() == [2]


def test_a_guest_changes_nothing_for_the_hosts_device():
    host, guest = ids("customer:hal", "device:tv"), ids("customer:gil", "device:tv")
    r = resolved([(host, 0, 60, 100), (guest, 30, 31, 2), (ids("device:tv"), 0, 60, 500)])
    assert unit(r, host) != unit(r, guest)
    assert unit(r, ids("device:tv"), 30.5) == unit(r, host)
    notes = [row["note"] for row in r.links.to_pylist() if row["state"] == "demoted"]
    assert notes == ["a visit inside another household's stay"]


@pytest.mark.parametrize("value", ["0000-0000", "null", "-1", "unknown", "xxxxxxxx", "", "N/A", "00000000"])
def test_a_value_that_is_no_id_joins_nobody(value):
    a, b = ids("customer:ann", f"alexa.user:{value}"), ids("customer:bea", f"alexa.user:{value}")
    r = resolved([(a, 0, 1, 1), (b, 0, 1, 1)])
    assert unit(r, a) != unit(r, b)


def test_an_id_with_too_many_partners_is_demoted_with_the_reason():
    kiosk = [ids(f"customer:p{i}", "segment.anonymous_id:kiosk") for i in range(50)]
    r = resolved([(k, 0, 1, 1) for k in kiosk])
    assert len({unit(r, k) for k in kiosk}) == 50
    assert all("too many" in row["note"] for row in r.links.to_pylist())


def test_networks_join_nobody():
    a, b = ids("customer:ann", "hint.ip_hmac:f00d"), ids("customer:bea", "hint.ip_hmac:f00d")
    r = resolved([(a, 0, 1, 1), (b, 0, 1, 1)])
    assert unit(r, a) != unit(r, b)


def test_a_shared_device_never_becomes_one_person():
    a, b = ids("customer:a", "device:tv"), ids("customer:b", "device:tv")
    r = resolved([(a, 0, 60, 30), (b, 10, 50, 30), (ids("device:tv"), 0, 60, 10)])
    people = {row["identity"]: row["person"] for row in r.members.to_pylist()}
    assert people[identity_key(*a)] != people[identity_key(*b)]
    assert people[identity_key(*ids("device:tv"))] is None


def test_the_order_of_arrival_means_nothing():
    rows = [
        (ids(f"customer:c{i % 7}", f"alexa.user:u{i % 5}", f"device:d{i}"), i, i + 3, 2) for i in range(40)
    ]
    forward, backward = resolved(rows), resolved(rows[::-1])
    assert forward.members.sort_by("identity") == backward.members.sort_by("identity")


def test_a_device_that_nobody_claims_is_a_household_of_its_own():
    r = resolved([(ids("device:d1"), 0, 1, 5), (ids("device:d2"), 0, 1, 5)])
    assert unit(r, ids("device:d1")) not in (None, unit(r, ids("device:d2")))


def test_nobody_observed_gives_empty_tables():
    r = resolved([])
    assert r.members.num_rows == r.links.num_rows == r.homes.num_rows == 0
