"""Links by hand, links taken back, and what an opened household shows, through whole runs."""

from collections.abc import Callable

import pytest

from hearthline.api import Home
from hearthline.schema.errors import UnknownName
from hearthline.schema.event import Consent, Hint, Identifier
from tests.pipeline.conftest import Story, who

Answered = Callable[..., Home]


def two_homes() -> Story:
    story = Story()
    for home, channel in (("ann", "tv"), ("bob", "radio")):
        mail = (*who(home), Identifier(namespace="email", value=f"{home}@example.com", personal=True))
        for day in range(6):
            story.touch(day, home=home, channel=channel, identifiers=mail)
        story.order(8, home=home, net="10.00" if home == "ann" else "30.00", number=f"order-{home}")
    return story


def units(home: Home) -> dict[str, int]:
    return {r["id"]: r["unit"] for r in home.sql("SELECT id, unit FROM identifiers").to_pylist()}


def test_a_link_by_hand_joins_two_households_and_taking_it_back_restores_everything(
    answered: Answered,
) -> None:
    home = answered(two_homes())
    before, shares = units(home), home.sql("SELECT * FROM shares ORDER BY ALL")
    assert before["customer:ann"] != before["customer:bob"]

    said = home.link("email:Ann@example.com", "customer:bob", reason="they told us")
    assert "Ann" not in said.left + said.right
    home.run()
    joined = units(home)
    assert joined["customer:ann"] == joined["customer:bob"] in before.values()
    opened = home.explain_household("customer:ann")
    assert {p["label"] for p in opened.persons} == {"customer:ann", "customer:bob"}
    (link,) = [k for k in opened.links if k["rule"] == "by hand"]
    assert str(link["at_stake"]) == "10.000000"
    assert opened.changes[0]["kind"] == "merged"

    home.unmerge(link["link"], reason="they moved out")
    home.run()
    assert units(home) == before
    assert home.sql("SELECT * FROM shares ORDER BY ALL") == shares
    assert [r["kind"] for r in home.sql("SELECT kind FROM identity_changes ORDER BY time").to_pylist()] == [
        "merged",
        "split",
    ]


def test_two_that_are_said_not_to_be_one_come_apart(answered: Answered) -> None:
    story = Story()
    for name in ("ann", "bob"):
        story.touch(1, home=name, household_hints=(Hint(kind="account", value="shared"),))
        story.order(2, home=name, number=name)
    home = answered(story)
    assert len({r["unit"] for r in home.sql("SELECT unit FROM orders").to_pylist()}) == 1
    home.link("customer:ann", "customer:bob", not_same=True)
    home.run()
    assert len({r["unit"] for r in home.sql("SELECT unit FROM orders").to_pylist()}) == 2


def test_an_opened_link_shows_its_events_and_what_was_said(answered: Answered) -> None:
    home = answered(two_homes())
    mail = next(
        name
        for name, unit in units(home).items()
        if name.startswith("email") and unit == units(home)["customer:ann"]
    )
    opened = home.explain_link("customer:ann", mail)
    assert {k["kind"] for k in opened.links} == {"seen_with", "same_person"}
    assert len(opened.events) == 6
    assert opened.statements == []
    home.unmerge("customer:ann", mail, reason="a typing error")
    again = home.explain_link(opened.links[0]["link"])
    assert [s["kind"] for s in again.statements] == ["take_back"]


@pytest.mark.parametrize("name", ["nobody:1", "17", ""])
def test_a_household_that_is_not_there_is_an_error_with_a_cure(answered: Answered, name: str) -> None:
    home = answered(two_homes())
    with pytest.raises(UnknownName, match="name its key"):
        home.explain_household(name)


def test_a_link_that_is_not_there_can_not_be_taken_back(answered: Answered) -> None:
    home = answered(two_homes())
    with pytest.raises(UnknownName, match="no link of that id"):
        home.unmerge("0123456789ab")
    with pytest.raises(UnknownName, match="NAMESPACE:VALUE"):
        home.link("ann", "customer:bob")


def test_an_opened_household_says_who_placed_its_orders_and_what_each_earned(answered: Answered) -> None:
    home = answered(two_homes())
    opened = home.explain_household("order-ann")
    (order,) = opened.orders
    assert sum(a["probability"] for a in order["actors"]) == pytest.approx(1)
    assert sum(c["revenue"] for c in opened.credit) == order["net"]
    assert all(c["revenue_low"] <= c["revenue"] <= c["revenue_high"] for c in opened.credit)
    assert all(0 < k["sure"] < 1 for k in opened.links)


def test_an_unmerge_moves_the_two_homes_numbers_and_no_others(answered: Answered) -> None:
    story = two_homes()
    story.touch(2, home="cid", channel="radio")
    story.order(5, home="cid", number="order-cid")
    home = answered(story)
    home.link("customer:ann", "customer:bob")
    home.run()
    credit = (
        "SELECT order_id, model, place, amount FROM touch_credits WHERE order_id = 'order-cid' ORDER BY ALL"
    )
    whole = "SELECT sum(net) AS net FROM orders WHERE status = 'placed'"
    joined, other, net = home.explain_household("order-ann"), home.sql(credit), home.sql(whole)
    (link,) = [k for k in joined.links if k["rule"] == "by hand"]
    home.unmerge(link["link"], reason="neighbours")
    home.run()
    parted = home.explain_household("order-ann")
    assert (len(joined.orders), len(parted.orders)) == (2, 1)
    assert joined.household["net"] - parted.household["net"] == 30
    assert home.sql(whole) == net
    assert [r["order_id"] for r in home.explain_household("order-cid").orders] == ["order-cid"]
    assert home.sql("SELECT kind FROM identity_changes ORDER BY time")["kind"].to_pylist() == [
        "merged",
        "split",
    ]
    assert parted.household["unit"] != home.explain_household("order-bob").household["unit"]
    assert other.num_rows == home.sql(credit).num_rows


def at_home(story: Story, name: str, place: str) -> None:
    for day in range(0, 30, 3):
        story.touch(day, home=name, household_hints=(Hint(kind="home", value=place),))


def test_forgetting_a_person_who_joined_two_homes_splits_them(answered: Answered) -> None:
    story = Story()
    for name, place in (("ann", "h-north"), ("bob", "h-south"), ("carl", "h-north"), ("carl", "h-south")):
        at_home(story, name, place)
    story.order(20, home="ann", number="order-ann")
    home = answered(story)
    before = units(home)
    assert before["customer:ann"] == before["customer:bob"], "carl lives in both"
    gone = home.forget("customer:carl")
    assert gone.proof is not None
    assert gone.proof.found == ()
    after = units(home)
    assert after["customer:ann"] != after["customer:bob"]
    assert "customer:carl" not in after
    assert not [k for k in home.sql("SELECT left_id, right_id FROM links").to_pylist() if "carl" in repr(k)]


def test_consent_withdrawn_on_a_date_takes_effect_from_it(answered: Answered) -> None:
    story = Story()
    on_tv = (*who("ann"), Identifier(namespace="device", value="tv-1"))
    on_tablet = (*who("ann"), Identifier(namespace="device", value="tablet-1"))
    for day in range(4):
        story.touch(day, home="ann", channel="tv", identifiers=on_tv)
    for day in range(5, 9):
        denied = Consent(measurement="denied")
        story.touch(day, home="ann", channel="radio", identifiers=on_tablet, consent=denied)
    story.order(10, home="ann", number="order-ann")
    home = answered(story)
    linked = {r["left_id"] for r in home.sql("SELECT left_id FROM links").to_pylist()}
    assert "device:tv-1" in linked, "what was allowed then still counts"
    assert "device:tablet-1" not in linked, "nothing after the day is used to say who is who"
    earned = home.sql("SELECT DISTINCT p.channel FROM touch_credits c JOIN touchpoints p USING (place)")
    assert earned["channel"].to_pylist() == ["tv"]
