"""Links by hand, links taken back, and what an opened household shows, through whole runs."""

from collections.abc import Callable

import pytest

from hearthline.api import Home
from hearthline.schema.errors import UnknownName
from hearthline.schema.event import Hint, Identifier
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
    assert [r["kind"] for r in home.sql("SELECT kind FROM identity_changes").to_pylist()] == [
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
