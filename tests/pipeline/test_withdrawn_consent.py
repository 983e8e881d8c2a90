"""Consent withdrawn on a date takes effect from it, also for what says nothing about consent later."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hearthline.api import Home
from hearthline.pipeline.core import build_core
from hearthline.schema.event import Consent, Event, Identifier
from hearthline.schema.settings import Settings
from hearthline.store.duckdb import DuckEngine
from hearthline.store.lake import Lake
from tests.pipeline.conftest import Story, credit, live_in, who

Answered = Callable[..., Home]
GRANTED, DENIED, SILENT = Consent(measurement="granted"), Consent(measurement="denied"), Consent()


def on(name: str, value: str) -> tuple[Identifier, ...]:
    return (Identifier(namespace=name, value=value),)


def told(*words: tuple[float, str, Consent], home: str = "ann") -> Story:
    """A touch for each (day, channel, consent), and an order that says nothing about consent on day 20."""
    story = Story()
    for day, channel, consent in words:
        story.touch(day, home=home, channel=channel, consent=consent)
    return story


def channels(home: Home) -> set[str]:
    sql = "SELECT DISTINCT p.channel FROM touch_credits c JOIN touchpoints p USING (place)"
    return set(home.sql(sql)["channel"].to_pylist())


def ordered(story: Story, name: str = "ann", consent: Consent = GRANTED, day: float = 20) -> Story:
    story.order(day, home=name, number=f"order-{name}", consent=consent)
    return story


def test_silence_after_a_no_is_not_used_until_it_is_granted_anew(answered: Answered) -> None:
    story = told(
        (0, "before", SILENT),
        (1, "granted", GRANTED),
        (3, "no", DENIED),
        (5, "silent", SILENT),
        (9, "again", GRANTED),
        (10, "after", SILENT),
    )
    home = answered(ordered(story))
    assert channels(home) == {"before", "granted", "again", "after"}
    assert sum(credit(home).values()) == pytest.approx(10)


def test_an_order_that_says_nothing_after_a_no_earns_nobody_anything(answered: Answered) -> None:
    story = told((0, "tv", GRANTED), (3, "no", DENIED))
    home = answered(ordered(ordered(story, consent=SILENT), "bob", SILENT))
    assert channels(home) == set()
    whole = home.sql("SELECT sum(net) AS net FROM orders WHERE status = 'placed'")["net"][0].as_py()
    assert whole == 20, "the shop's total stays whole"


def test_a_no_is_of_the_person_by_whatever_name_and_browser(answered: Answered) -> None:
    mail = Identifier(namespace="email", value="ann@example.com", personal=True)
    story = Story()
    story.touch(0, home="ann", channel="both", identifiers=(*who("ann"), mail))
    story.touch(2, channel="no", identifiers=(*who("ann"), *on("anonymous", "b1")), consent=DENIED)
    story.touch(4, channel="by-mail", identifiers=(mail,), consent=SILENT)
    story.touch(5, channel="by-browser", identifiers=on("anonymous", "b1"), consent=SILENT)
    story.touch(6, channel="bob-there", identifiers=(*who("bob"), *on("anonymous", "b1")), consent=SILENT)
    story.touch(7, channel="new-browser", identifiers=on("anonymous", "b2"), consent=SILENT)
    story.order(20, home="ann", number="order-ann")
    home = answered(story)
    used = set(
        home.sql("SELECT DISTINCT p.channel FROM touchpoints p JOIN touches USING (place)")[
            "channel"
        ].to_pylist()
    )
    assert used == {"both", "bob-there", "new-browser"}


def test_a_no_on_a_shared_device_is_of_the_person_who_said_it(answered: Answered) -> None:
    speaker = on("device", "speaker")
    story = Story()
    story.touch(1, channel="no", identifiers=(*who("ann"), *speaker), consent=DENIED)
    story.touch(2, channel="bob", identifiers=(*who("bob"), *speaker), consent=SILENT)
    story.touch(3, channel="speaker", identifiers=speaker, consent=SILENT)
    story.touch(4, channel="tv-no", identifiers=on("device", "tv"), consent=DENIED)
    story.touch(5, channel="tv", identifiers=on("device", "tv"), consent=SILENT)
    home = answered(ordered(story, "bob"))
    used = set(
        home.sql("SELECT DISTINCT p.channel FROM touchpoints p JOIN touches USING (place)")[
            "channel"
        ].to_pylist()
    )
    assert used == {"bob", "speaker"}, "a television that said no stays so"


def test_silence_after_a_no_says_nothing_about_who_is_who(answered: Answered) -> None:
    story = told((0, "tv", GRANTED), (2, "no", DENIED))
    story.touch(5, home="ann", identifiers=(*who("ann"), *on("device", "tablet")), consent=SILENT)
    home = answered(ordered(story))
    assert home.sql("SELECT * FROM identifiers WHERE id = 'device:tablet'").num_rows == 0
    assert home.sql("SELECT * FROM links WHERE left_id = 'device:tablet'").num_rows == 0


def test_a_no_that_comes_late_takes_effect_from_its_date(answered: Answered) -> None:
    home = answered(ordered(told((0, "tv", SILENT), (5, "radio", SILENT))))
    assert channels(home) == {"tv", "radio"}
    no = Story()
    no.touch(3, home="ann", channel="no", consent=DENIED, id="late")
    live_in(home.path, no.events)
    home.run()
    assert channels(home) == {"tv"}
    assert set(home.rebuild().differ) <= {"identity_changes"}


def test_where_unknown_is_left_out_anyway_nothing_changes(answered: Answered) -> None:
    story = told((0, "granted", GRANTED), (3, "no", DENIED), (5, "silent", SILENT))
    home = answered(ordered(story), settings='[consent]\nunknown = "exclude"\n')
    assert channels(home) == {"granted"}


def some_people() -> list[Event]:
    story = Story()
    for i in range(12):
        for day in range(8):
            word = (GRANTED, SILENT, DENIED, SILENT, SILENT, GRANTED, SILENT, SILENT)[(day + i) % 8]
            story.touch(day, home=f"p{i}", channel=f"c{day % 3}", consent=word)
        story.order(9, home=f"p{i}", number=f"o{i}", consent=SILENT)
    return story.events


@pytest.mark.spark
def test_spark_heeds_a_withdrawal_as_duckdb_does(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    from hearthline.store.spark import SparkEngine

    home = live_in(tmp_path, some_people())
    lake = Lake(home.path / "lake")
    duck, spark = DuckEngine(), SparkEngine(2)
    try:
        one, other = build_core(duck, lake, Settings()), build_core(spark, lake, Settings())
        assert one.who.kept["known_withdrawn"].num_rows > 6
        for table in ("kinds", "clean", "touches", "orders", "members_all", "timelines"):
            rows = [
                sorted(map(repr, c.engine.table(f"SELECT * FROM {table}").to_pylist())) for c in (one, other)
            ]
            assert rows[0] == rows[1], table
    finally:
        duck.close()
        spark.close()
