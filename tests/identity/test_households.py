"""Households over time: who moves changes on the day, guests and offices are no family."""

from tests.identity.conftest import ids, notes, resolved, unit


def test_a_person_who_moves_house_takes_account_and_phone_along_from_that_day():
    old, new = ids("customer:p", "hint.home:old"), ids("customer:p", "hint.home:new")
    stays = ids("customer:q", "hint.home:old")
    account, tv = ids("customer:p", "alexa.user:u"), ids("customer:p", "device:tv")
    rows = [(old, 0, 30, 20), (new, 31, 60, 20), (stays, 0, 60, 30), (account, 0, 60, 9), (tv, 0, 60, 9)]
    r = resolved([*rows, (ids("device:tv"), 0, 60, 99), (ids("hint.home:new"), 31, 60, 9)])
    assert unit(r, account, 10) == unit(r, stays) != unit(r, account, 50)
    assert unit(r, account, 50) == unit(r, ids("hint.home:new"))
    assert unit(r, ids("device:tv"), 10) == unit(r, stays)
    assert unit(r, ids("device:tv"), 50) == unit(r, ids("hint.home:new"))
    assert [k["note"] for k in r.links.to_pylist() if "hint.home:old" in (k["left_id"], k["right_id"])].count(
        "another home followed: it holds until then"
    ) == 1


def test_a_family_that_moves_together_stays_one():
    rows = [
        (ids(f"customer:{p}", f"hint.home:{h}"), d, d + 29, 9)
        for p in "pq"
        for h, d in (("old", 0), ("new", 31))
    ]
    r = resolved([*rows, (ids("customer:p"), 0, 60, 9), (ids("customer:q"), 0, 60, 9)])
    assert unit(r, ids("customer:p"), 10) == unit(r, ids("customer:q"), 10)
    assert unit(r, ids("customer:p"), 50) == unit(r, ids("customer:q"), 50) != unit(r, ids("customer:q"), 10)


def test_one_home_that_two_systems_name_is_one():
    a = ids("alexa.user:u", "smartthings.location:l")
    b, c = ids("alexa.user:u", "hint.home:h"), ids("customer:c", "alexa.user:u")
    r = resolved([(a, 0, 60, 60), (b, 3, 60, 9), (c, 0, 0, 1)])
    assert unit(r, a) == unit(r, b) == unit(r, c)


def test_an_address_joins_a_couple_and_a_present_sent_elsewhere_does_not_join_the_families():
    hers, his = ids("customer:ann", "hint.address_hmac:home"), ids("customer:bob", "hint.address_hmac:home")
    present = ids("customer:ann", "hint.address_hmac:parents")
    parents = ids("customer:pa", "hint.address_hmac:parents")
    r = resolved([(hers, 0, 80, 9), (his, 5, 70, 4), (present, 40, 40, 1), (parents, 0, 80, 6)])
    assert unit(r, hers) == unit(r, his) == unit(r, present) != unit(r, parents)
    assert notes(r) == ["a parcel or an office: another address is home"]


def test_colleagues_whose_parcels_go_to_the_office_are_no_family():
    rows = []
    for p in range(4):
        rows += [
            (ids(f"customer:p{p}", f"hint.address_hmac:home{p}"), 0, 90, 9),
            (ids(f"customer:p{p}", "hint.address_hmac:office"), 10, 80, 4),
        ]
    r = resolved(rows)
    assert len({unit(r, row[0]) for row in rows}) == 4


def test_a_new_address_after_the_old_one_moves_the_household():
    was, now = ids("customer:p", "hint.address_hmac:a"), ids("customer:p", "hint.address_hmac:b")
    before, after = ids("customer:x", "hint.address_hmac:a"), ids("customer:y", "hint.address_hmac:b")
    r = resolved(
        [
            (was, 10, 40, 5),
            (now, 50, 90, 5),
            (before, 45, 90, 5),
            (after, 0, 30, 5),
            (ids("customer:p"), 0, 90, 9),
        ]
    )
    assert unit(r, ids("customer:p"), 20) == unit(r, before)
    assert unit(r, ids("customer:p"), 70) == unit(r, after) != unit(r, before)


def test_a_payment_card_joins_few():
    rows = [(ids(f"customer:p{i}", "hint.payment_hmac:c"), 0, 50, 3) for i in range(2)]
    r = resolved(rows)
    assert unit(r, rows[0][0]) == unit(r, rows[1][0])
    crowd = [(ids(f"customer:p{i}", "hint.payment_hmac:c"), 0, 50, 3) for i in range(9)]
    assert len({unit(resolved(crowd), row[0]) for row in crowd}) == 9


def test_nights_on_one_private_network_make_a_home():
    tv, phone = ids("device:tv", "ip_hmac:n"), ids("customer:ann", "ip_hmac:n")
    guest = ids("customer:gil", "ip_hmac:n")
    r = resolved([(tv, 0, 60, 90), (phone, 0, 60, 40), (guest, 20, 21, 6)], nights={0: 40, 1: 30, 2: 1})
    assert unit(r, tv) == unit(r, phone) != unit(r, guest)
    assert "nights on one private network" not in {k["rule"] for k in r.links.to_pylist()}
    two = ids("customer:bob", "ip_hmac:n")
    r = resolved([(tv, 0, 60, 90), (phone, 0, 60, 40), (two, 0, 60, 40)], nights={0: 40, 1: 30, 2: 30})
    assert unit(r, two) == unit(r, phone)
    assert "nights on one private network" in {k["rule"] for k in r.links.to_pylist()}


def test_a_network_that_is_given_to_somebody_else_joins_nobody():
    first, second = ids("customer:ann", "ip_hmac:n"), ids("customer:bea", "ip_hmac:n")
    r = resolved([(first, 0, 30, 40), (second, 31, 60, 40)], nights={0: 25, 1: 25})
    assert unit(r, first) != unit(r, second)


def test_a_hotel_is_no_home_though_all_sleep_there():
    rows = [(ids(f"customer:p{i}", "ip_hmac:n"), 0, 60, 9) for i in range(40)]
    r = resolved(rows, nights=dict.fromkeys(range(40), 9))
    assert len({unit(r, row[0]) for row in rows}) == 40


def test_what_is_said_not_to_be_one_household_is_not_whatever_joins_it():
    a, b = ids("customer:a", "alexa.user:u"), ids("customer:b", "alexa.user:u")
    apart = {"left": "customer:a", "right": "customer:b", "kind": "not_same"}
    r = resolved([(a, 0, 60, 9), (b, 0, 59, 9)], statements=[apart])
    assert unit(r, a) != unit(r, b)
    assert "said not to be the same" in notes(r)


def test_a_link_taken_back_no_longer_counts_and_is_still_there():
    a, b = ids("customer:a", "alexa.user:u"), ids("customer:b", "alexa.user:u")
    back = {"left": "customer:b", "right": "alexa.user:u", "kind": "take_back", "reason": "a guest"}
    r = resolved([(a, 0, 60, 9), (b, 0, 60, 9)], statements=[back])
    assert unit(r, a) != unit(r, ids("customer:b")) if unit(r, ids("customer:b")) else True
    assert len({row["unit"] for row in r.identifiers.to_pylist()}) == 2
    assert notes(r, "taken back") == ["taken back by hand"]
    again = resolved([(a, 0, 60, 9), (b, 0, 60, 9)], statements=[back, {**back, "kind": "as_found"}])
    assert again.members == resolved([(a, 0, 60, 9), (b, 0, 60, 9)]).members


def test_two_homes_that_are_said_to_be_one_household_are_one_and_neither_is_the_others_guest() -> None:
    north, south = ids("customer:ann", "hint.home:north"), ids("customer:bob", "hint.home:south")
    child = ids("customer:cid", "hint.home:south")
    rows = [(north, 0, 60, 50), (south, 10, 40, 9), (child, 0, 60, 20)]
    assert unit(resolved(rows), north) != unit(resolved(rows), south)
    r = resolved(rows, statements=[{"left": "customer:ann", "right": "customer:bob"}])
    assert unit(r, north) == unit(r, south) == unit(r, child)
    assert notes(r) == []


def test_who_moved_and_is_said_to_live_with_somebody_takes_nobody_to_the_old_home() -> None:
    before, after = ids("customer:ann", "hint.home:north"), ids("customer:ann", "hint.home:south")
    bob, stays = ids("customer:bob", "hint.home:south"), ids("customer:carl", "hint.home:north")
    rows = [(before, 0, 29, 20), (after, 30, 60, 20), (bob, 0, 60, 20), (stays, 0, 60, 20)]
    r = resolved(rows, statements=[{"left": "customer:ann", "right": "customer:bob"}])
    assert unit(r, bob, 50) == unit(r, after, 50)
    assert unit(r, stays, 50) != unit(r, bob, 50)
