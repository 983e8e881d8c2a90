"""Persons: merged by the strongest and newest evidence, never across logins, and never by what is shared."""

import random

import pytest

from hearthline.identity import Policies
from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import NamespacePolicy
from tests.identity.conftest import ids, notes, person, resolved, unit


def test_an_email_ties_two_shops_accounts_to_one_person():
    a, b = ids("segment.user:1", "email_hmac:e"), ids("shopify.customer:9", "email_hmac:e")
    r = resolved([(a, 0, 1, 1), (b, 2, 3, 1)])
    assert person(r, a) == person(r, b) is not None


def test_two_logins_that_share_an_email_stay_two_persons_and_the_newest_keeps_it():
    old, new = ids("customer:ann", "email_hmac:e"), ids("customer:bea", "email_hmac:e")
    r = resolved([(old, 0, 1, 9), (new, 2, 3, 1)])
    assert person(r, old) != person(r, new)
    mail = r.identifiers.to_pylist()[[row["id"] for row in r.identifiers.to_pylist()].index("email_hmac:e")]
    assert mail["person"] == person(r, new)
    assert notes(r) == ["would make one person of two logins"]
    assert unit(r, old) == unit(r, new)


def test_one_wrong_link_between_two_clusters_is_demoted_and_not_deleted():
    rows = [(ids("customer:a", f"email_hmac:a{i}"), 0, 50, 5) for i in range(4)]
    rows += [(ids("customer:b", f"email_hmac:b{i}"), 0, 50, 5) for i in range(4)]
    bridge = ids("email_hmac:a0", "email_hmac:b0")
    r = resolved([*rows, (bridge, 10, 10, 1)])
    assert person(r, rows[0][0]) != person(r, rows[4][0])
    demoted = [k for k in r.links.to_pylist() if k["state"] == "demoted"]
    assert [(k["left_id"], k["right_id"]) for k in demoted] == [("email_hmac:a0", "email_hmac:b0")]


def test_the_order_of_arrival_means_nothing_to_persons_either():
    rng = random.Random(1)  # noqa: S311 # no secret
    rows = [
        (
            ids(f"customer:c{rng.randrange(9)}", f"email_hmac:e{rng.randrange(12)}", f"phone_hmac:p{i % 7}"),
            i,
            i + 2,
            1,
        )
        for i in range(60)
    ]
    found = [resolved(rows).tables()]
    for _ in range(3):
        rng.shuffle(rows)
        found.append(resolved(rows).tables())
    for other in found[1:]:
        assert all(_sorted(one) == _sorted(two) for one, two in zip(found[0], other, strict=True))


def _sorted(table):
    return sorted(map(repr, table.to_pylist()))


def test_a_phone_that_one_person_uses_speaks_for_that_person():
    login, alone = ids("customer:ann", "device:p1"), ids("device:p1")
    r = resolved([(login, 0, 1, 1), (alone, 0, 9, 30)], kinds={"p1": "phone"})
    assert person(r, alone) == person(r, login)


def test_a_speaker_that_one_person_uses_speaks_for_nobody():
    login, alone = ids("customer:ann", "device:s1"), ids("device:s1")
    r = resolved([(login, 0, 1, 1), (alone, 0, 9, 30)], kinds={"s1": "speaker"})
    assert person(r, alone) is None


def test_a_limit_with_a_window_forgets_old_addresses():
    rows = [(ids("customer:ann", f"email_hmac:e{i}"), i * 400, i * 400, 1) for i in range(8)]
    r = resolved(rows)
    assert len({person(r, row[0]) for row in rows}) == 1
    assert notes(r) == []
    often = [(ids("customer:ann", f"email_hmac:e{i}"), i, i, 1) for i in range(8)]
    assert notes(resolved(often)) == ["would make one person of two logins"]


def test_a_namespace_can_be_told_to_merge_nobody():
    a, b = ids("segment.user:1", "email_hmac:e"), ids("shopify.customer:9", "email_hmac:e")
    own = Policies({"email_hmac": NamespacePolicy(may_merge_persons=False)})
    assert len({person(r, x) for r in [resolved([(a, 0, 1, 1), (b, 2, 3, 1)], own)] for x in (a, b)}) == 2


@pytest.mark.parametrize("namespace", ["smartthings.location", "ip_hmac", "device", "segment.anonymous_id"])
def test_what_several_people_use_can_never_be_told_to_merge_them(namespace):
    own = Policies({namespace: NamespacePolicy(may_merge_persons=True)})
    with pytest.raises(BadConfig, match="several people use"):
        resolved([(ids(f"{namespace}:x"), 0, 1, 1)], own)


def test_two_things_said_by_hand_are_one_person_or_are_not():
    a, b, c = ids("customer:a"), ids("shopify.customer:b"), ids("email_hmac:m", "shopify.customer:b")
    rows = [(a, 0, 1, 1), (b, 0, 1, 1), (c, 0, 1, 1)]
    same = {"left": "customer:a", "right": "shopify.customer:b", "level": "person"}
    joined = resolved(rows, statements=[same])
    assert person(joined, a) == person(joined, b) == person(joined, c)
    assert unit(joined, a) == unit(joined, b)
    parted = resolved(rows, statements=[same, {**same, "kind": "not_same"}])
    assert person(parted, a) != person(parted, b)
    assert [k["kind"] for k in parted.links.to_pylist() if k["rule"] == "by hand"] == ["not_same"]


def test_two_logins_that_a_person_says_are_one_are_one_and_the_link_says_against_what() -> None:
    a, b = ids("customer:ann", "email_hmac:e"), ids("customer:ann-work", "email_hmac:w")
    rows = [(a, 0, 9, 3), (b, 0, 9, 3)]
    same = [
        {"left": "customer:ann", "right": "customer:ann-work", "level": "person", "reason": "she told us"}
    ]
    r = resolved(rows, statements=same)
    assert person(r, a) == person(r, b) is not None
    (link,) = [k for k in r.links.to_pylist() if k["rule"] == "by hand"]
    assert link["state"] == "used"
    assert link["note"].startswith("she told us; two logins of one namespace")


def test_what_a_person_says_of_two_logins_lets_no_third_one_in() -> None:
    a, b = ids("customer:ann", "email_hmac:e"), ids("customer:ann-work", "email_hmac:w")
    c = ids("customer:cid", "email_hmac:w")
    same = [{"left": "customer:ann", "right": "customer:ann-work", "level": "person"}]
    r = resolved([(a, 0, 9, 3), (b, 0, 20, 3), (c, 0, 9, 3)], statements=same)
    assert person(r, a) == person(r, b) != person(r, c)
    assert "would make one person of two logins" in notes(r)


def test_a_model_never_joins_two_logins_of_one_namespace() -> None:
    a, b = ids("customer:ann"), ids("customer:ann-work")
    alike = [{"left": "customer:ann", "right": "customer:ann-work", "level": "person", "rule": "splink 5"}]
    r = resolved([(a, 0, 9, 3), (b, 0, 9, 3)], statements=alike)
    assert person(r, a) != person(r, b)


def test_of_three_logins_said_to_be_one_and_two_of_them_not_the_latest_word_holds() -> None:
    rows = [(ids(f"customer:{n}"), 0, 9, 1) for n in "abc"]
    words = [
        {"left": "customer:a", "right": "customer:b", "level": "person"},
        {"left": "customer:b", "right": "customer:c", "level": "person"},
        {"left": "customer:a", "right": "customer:c", "level": "person", "kind": "not_same"},
    ]
    r = resolved(rows, statements=words)
    a, b, c = (person(r, row[0]) for row in rows)
    assert a != c
    assert b in (a, c)
