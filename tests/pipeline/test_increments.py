"""A day on top of ninety: who is who is judged anew only where something happened, and nothing differs."""

from collections.abc import Callable

from hearthline.api import Home
from hearthline.schema.event import Device, Identifier
from tests.pipeline.conftest import Story, live_in, who

Answered = Callable[..., Home]


def ninety_days(homes: int) -> Story:
    story = Story()
    for i in range(homes):
        seen_by = (*who(f"h{i}"), Identifier(namespace="device", value=f"tv-{i}"))
        for day in (0, 30, 60, 89):
            story.touch(
                day,
                home=f"h{i}",
                channel="tv",
                identifiers=seen_by,
                device=Device(id=f"tv-{i}", kind="tv"),
            )
        story.order(85, home=f"h{i}", number=f"order-{i}")
    return story


def one_day_more() -> Story:
    story = Story()
    story.touch(90.2, home="h3", channel="radio")
    story.touch(
        90.3,
        home="new",
        channel="tv",
        identifiers=(*who("new"), Identifier(namespace="device", value="tv-7")),
    )
    story.order(90.5, home="h3", number="late")
    return story


def judged(home: Home) -> tuple[int, int]:
    (row,) = home.sql("SELECT identities_judged, identities FROM run").to_pylist()
    return row["identities_judged"], row["identities"]


def test_a_day_is_as_a_full_run_and_only_what_it_touched_is_judged(answered: Answered) -> None:
    home = answered(ninety_days(60))
    assert judged(home)[0] == judged(home)[1]
    live_in(home.path, one_day_more().events)
    home.run()
    few, all_of_them = judged(home)
    assert 0 < few < 12 < all_of_them
    again = home.rebuild()
    assert judged(home)[0] == judged(home)[1], "a rebuild starts from nothing"
    assert set(again.differ) <= {"identity_changes"}


def test_a_run_without_news_judges_nobody(answered: Answered) -> None:
    home = answered(ninety_days(12))
    home.run()
    assert judged(home)[0] == 0


def test_a_link_by_hand_judges_the_two_homes_that_it_joins(answered: Answered) -> None:
    home = answered(ninety_days(12))
    home.link("customer:h1", "customer:h2", reason="one couple")
    home.run()
    assert 0 < judged(home)[0] < judged(home)[1] / 3
    units = home.sql("SELECT DISTINCT unit FROM identifiers WHERE id IN ('customer:h1', 'customer:h2')")
    assert units.num_rows == 1


def test_other_rules_judge_everybody(answered: Answered) -> None:
    home = answered(ninety_days(12))
    settings = home.path / "hearthline.toml"
    settings.write_text(settings.read_text() + "\n[identity]\nmax_devices = 200\n")
    home.run()
    assert judged(home)[0] == judged(home)[1]


def nights_in(homes: int, days: range) -> Story:
    """Everything names the network that it is on, most of it the home's own; guests sleep elsewhere."""
    story = Story()
    for day in days:
        for i in range(homes):
            for n, thing in enumerate((f"phone-{i}", f"tv-{i}")):
                at = (i + 1) % homes if (day + i + n) % 5 == 0 else i
                network = Identifier(namespace="ip", value=f"10.0.0.{at}", personal=True)
                named = (Identifier(namespace="device", value=thing), network)
                named += who(f"h{i}") if n == 0 else ()
                story.touch(day + 0.1, home=f"h{i}", channel="tv", identifiers=named, id=f"{day}-{thing}")
        if day % 4 == 3:
            story.order(day + 0.5, home=f"h{day % homes}", number=f"order-{day}", id=f"order-{day}")
    return story


def test_nights_on_networks_day_by_day_are_as_a_full_run(answered: Answered) -> None:
    home = answered(nights_in(9, range(6)))
    for day in range(6, 10):
        live_in(home.path, nights_in(9, range(day, day + 1)).events)
        home.run()
    again = home.rebuild()
    assert set(again.differ) <= {"identity_changes"}


def test_a_day_on_one_network_judges_that_home_and_not_the_others(answered: Answered) -> None:
    home = answered(nights_in(20, range(4)))
    live_in(home.path, [e for e in nights_in(20, range(4, 5)).events if "phone-3" in e.id])
    home.run()
    few, everybody = judged(home)
    assert 0 < few < everybody
    assert set(home.rebuild().differ) <= {"identity_changes"}
