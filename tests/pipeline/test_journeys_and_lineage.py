"""What a journey is and who earns, told as small towns; every sum is to the cent."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from hearthline.api import Home
from hearthline.schema.errors import BadConfig
from hearthline.schema.event import Commerce, Consent, Device, Identifier, Initiator, Product
from tests.pipeline.conftest import Story, at, credit, who

Answered = Callable[..., Home]


def test_touches_before_the_order_share_its_value(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="tv")
    story.touch(2, channel="voice", stage="consideration")
    story.order(3, net="10.00")
    assert credit(answered(story)) == {"tv": 5.0, "voice": 5.0}


def test_a_touch_after_the_order_never_earns(answered: Answered) -> None:
    before, after = Story(), Story()
    for story in (before, after):
        story.touch(1, channel="tv")
        story.order(3)
    after.touch(3.0001, channel="mail", stage="consideration")
    after.touch(4, channel="ship", stage="post_purchase")
    assert credit(answered(before)) == credit(answered(after)) == {"tv": 10.0}


def test_a_message_about_the_order_is_no_touch_of_the_next_one(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="tv")
    story.order(3)
    story.touch(4, channel="ship", stage="post_purchase")
    story.order(9)
    assert credit(answered(story)) == {"tv": 10.0, "(baseline)": 10.0}


def test_a_second_order_begins_a_new_journey(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="tv")
    story.order(2, net="10.00")
    story.touch(3, channel="voice")
    story.order(4, net="7.00")
    assert credit(answered(story)) == {"tv": 10.0, "voice": 7.0}


def test_touches_older_than_the_look_back_do_not_earn(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="tv")
    story.touch(28, channel="voice")
    story.order(40, net="10.00")
    assert credit(answered(story)) == {"voice": 10.0}


def test_a_channel_or_a_stage_may_have_its_own_look_back(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="tv")
    story.touch(20, channel="voice", stage="consideration")
    story.touch(39, channel="web", stage="consideration")
    story.order(40, net="10.00")
    by_channel = answered(story, "[journeys.lookback]\ntv = 60\nvoice = 7\n")
    assert credit(by_channel) == {"tv": 5.0, "web": 5.0}
    by_stage = answered(story, "[journeys.lookback]\n'stage:consideration' = 7\n")
    assert credit(by_stage) == {"web": 10.0}


def test_a_machine_placed_order_is_owed_to_its_enrolment_and_cuts_no_journey(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="fridge", stage="consideration")
    story.enrol(2)
    story.touch(3, channel="tv")
    story.machine(10, net="20.00")
    story.touch(11, channel="voice")
    story.order(12, net="8.00")
    home = answered(story)
    assert credit(home, "last_touch", "machine") == {"fridge": 20.0}
    assert credit(home, "linear", "person") == pytest.approx(
        {"fridge": 8 / 3, "tv": 8 / 3, "voice": 8 / 3}, abs=1e-5
    )


def test_every_further_machine_placed_order_goes_back_to_the_same_enrolment(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="fridge", stage="consideration")
    story.enrol(2)
    for day in (10, 24, 38):
        story.machine(day, net="20.00")
        story.touch(day + 1, channel="tv")
    home = answered(story)
    assert credit(home, "last_touch", "machine") == {"fridge": 60.0}
    cycles = home.sql("SELECT cycle FROM orders WHERE kind = 'machine' ORDER BY time")["cycle"].to_pylist()
    assert cycles == [1, 2, 3]


def test_persistence_and_displacement_leave_their_part_unattributed(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="fridge", stage="consideration")
    story.enrol(2)
    story.machine(10, net="100.00")
    story.machine(24, net="100.00")
    home = answered(story, "persistence = 0.5\ndisplacement = 0.2\n")
    assert credit(home, "last_touch", "machine") == {"fridge": 120.0, "(baseline)": 80.0}


def test_an_order_without_a_known_enrolment_is_unattributed_and_says_so(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.machine(10, ref="nobody-knows", net="20.00")
    home = answered(story)
    row = home.sql(
        "SELECT reason, amount FROM unattributed WHERE model = 'linear' AND kind = 'machine'"
    ).to_pylist()
    assert [(r["reason"], float(r["amount"])) for r in row] == [("no enrolment known", 20.0)]


def test_the_same_machine_order_told_twice_counts_once_with_the_price(answered: Answered) -> None:
    story = Story()
    story.enrol(2)
    story.machine(10, net=None, number="dash-1", source="//dash/a")
    story.machine(10.1, net="20.00", number="shop-1", source="//shop/a")
    rows = answered(story).sql("SELECT order_id FROM orders")["order_id"].to_pylist()
    assert rows == ["shop-1"]


def test_an_order_echoed_by_a_platform_counts_once(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.order(3, net="10.00", number="77", source="//shop/a")
    story.order(3, net="12.00", number="77", source="//segment/a", layer="platform")
    assert credit(answered(story)) == {"tv": 10.0}


def test_what_a_platform_knows_of_the_machine_is_kept_with_the_shops_money(answered: Answered) -> None:
    renewal = {"layer": "platform", "source": "//recharge/shop", "day": 9, "ref": "s5"}
    story = Story()
    story.touch(1, channel="tv")
    story.enrol(2, ref="s5")
    story.order(9.1, net="20.00", number="900", initiator=Initiator())
    story.machine(net="29.00", number="900", **renewal)
    [order] = answered(story).sql("SELECT shop, kind, net, cycle, enrolment, time FROM orders").to_pylist()
    assert (order["kind"], order["net"], order["cycle"]) == ("machine", 20, 1)
    assert order["enrolment"] == "dash:s5"
    assert (order["shop"], order["time"]) == ("//test/town", at(9.1))


def test_what_is_known_of_a_number_that_two_shops_have_is_nobodys(answered: Answered) -> None:
    story = Story()
    story.enrol(2, ref="s5")
    for day, shop in ((9, "//shop/eu"), (10, "//shop/us")):
        story.order(day, number="900", source=shop)
    story.machine(9, number="900", ref="s5", layer="platform", source="//recharge/shop")
    orders = answered(story).sql("SELECT kind, enrolment FROM orders").to_pylist()
    assert orders == [{"kind": "person", "enrolment": None}] * 2


def test_the_same_event_twice_counts_once(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.order(3, id="same", number="1")
    story.order(3, id="same", number="1")
    home = answered(story)
    assert credit(home) == {"tv": 10.0}
    assert home.sql("SELECT duplicates FROM run")["duplicates"].to_pylist() == [1]


def test_a_refund_follows_its_order(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.order(3, net="10.00", number="1")
    story.refund(9, "1", "4.00")
    assert credit(answered(story)) == {"tv": 6.0}


def test_a_refund_that_grows_is_one_refund_of_which_the_largest_sum_counts(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.order(3, net="100.00", number="1")
    for day, sofar in ((9, "10.00"), (10, "15.00"), (11, "15.00")):
        told = story.refund(day, "1", sofar)
        story.events[-1] = replace(told, id="charge/1/refunded")
    assert credit(answered(story)) == {"tv": 85.0}


def test_a_refund_without_its_order_is_noticed_and_adds_nothing(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.order(3, net="10.00", number="1")
    story.refund(9, "not-here", "4.00")
    home = answered(story)
    assert credit(home) == {"tv": 10.0}
    found = home.sql("SELECT found, severity FROM checks WHERE name = 'refunds without order'").to_pylist()
    assert found == [{"found": 1, "severity": "warning"}]


def test_a_refund_never_makes_an_order_negative(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.order(3, net="10.00", number="1")
    story.refund(9, "1", "14.00")
    home = answered(story)
    assert home.sql("SELECT sum(net) AS n FROM orders")["n"].to_pylist()[0] == 0


def test_denied_consent_earns_nothing_and_the_money_still_adds_up(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="tv", consent=Consent(measurement="denied"))
    story.touch(2, channel="voice")
    story.order(3, net="10.00")
    story.order(4, home="b", net="5.00", consent=Consent(measurement="denied"))
    assert credit(answered(story)) == {"voice": 10.0, "(baseline)": 5.0}


def test_unknown_consent_is_left_out_when_the_settings_say_so(answered: Answered) -> None:
    story = Story()
    story.touch(1, channel="tv", consent=Consent())
    story.touch(2, channel="voice")
    story.order(3, net="10.00")
    assert credit(answered(story)) == {"tv": 5.0, "voice": 5.0}
    assert credit(answered(story, "[consent]\nunknown = 'exclude'\n")) == {"voice": 10.0}


def test_orders_in_a_currency_without_a_rate_are_set_aside_and_shown(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.order(3, net="10.00")
    story.order(4, net="10.00")
    story.order(5, net="99.00", currency="USD")
    home = answered(story)
    aside = home.sql("SELECT currency, set_aside FROM orders WHERE status = 'set_aside'").to_pylist()
    assert [(r["currency"], float(r["set_aside"])) for r in aside] == [("USD", 99.0)]
    with_rate = answered(story, "[money]\ncurrency = 'EUR'\nrates = { USD = 0.5 }\n")
    assert sum(credit(with_rate).values()) == 69.5


def test_low_stock_is_a_condition_and_never_earns(answered: Answered) -> None:
    story = Story()
    story.level(1, 80)
    story.level(2, 10)
    story.touch(2.5, channel="tv")
    story.order(3, net="10.00")
    home = answered(story)
    assert set(credit(home, "additive_hazard")) <= {"tv", "(baseline)"}
    assert credit(home) == {"tv": 10.0}


def test_kinds_of_orders_are_disjoint_and_are_all(answered: Answered) -> None:
    story = Story()
    story.touch(1)
    story.enrol(2)
    story.machine(10)
    story.order(12)
    story.order(13, initiator=Initiator(kind="unknown"))
    home = answered(story)
    kinds = {
        r["kind"]: r["n"]
        for r in home.sql("SELECT kind, count(*) AS n FROM orders GROUP BY kind").to_pylist()
    }
    assert kinds == {"person": 2, "machine": 1}
    actors = home.sql("SELECT actor FROM orders ORDER BY time")["actor"].to_pylist()
    assert actors == ["machine", "person", "unknown"]


def test_the_order_of_arrival_and_names_of_channels_mean_nothing(answered: Answered) -> None:
    def told(reverse: bool, names: dict[str, str]) -> dict[str, float]:
        story = Story()
        for i in range(30):
            story.touch(i, home=f"h{i % 5}", channel=names["x" if i % 3 else "y"])
            if i % 4 == 0:
                story.order(i + 0.5, home=f"h{i % 5}", number=f"n{i}")
        if reverse:
            story.events.reverse()
        return credit(answered(story), "markov")

    plain = told(False, {"x": "x", "y": "y"})
    assert told(True, {"x": "x", "y": "y"}) == plain
    renamed = told(False, {"x": "a", "y": "z"})
    assert renamed == {{"x": "a", "y": "z"}.get(k, k): v for k, v in plain.items()}


def test_a_resold_speaker_takes_its_later_touches_to_its_new_home_only(answered: Answered) -> None:
    speaker = Identifier(namespace="device", value="speaker-1")
    story = Story()
    for day, name in ((0, "old"), (5, "old"), (9, "old"), (40, "new"), (45, "new"), (49, "new")):
        story._tell("device.account.linked", day, name, layer="device", identifiers=(*who(name), speaker))
    story.touch(8, channel="before", identifiers=(speaker,))
    story.touch(47, channel="after", identifiers=(speaker,))
    story.order(10, home="old", net="10.00")
    story.order(50, home="new", net="5.00")
    story.order(51, home="old", net="3.00")
    assert credit(answered(story)) == {"before": 10.0, "after": 5.0, "(baseline)": 3.0}


def test_person_journeys_keep_two_members_of_one_home_apart(answered: Answered) -> None:
    story = Story()
    for name in ("ann", "bob"):
        story.touch(0.5, home=name, channel=f"hello-{name}", household_hints=_flat())
    story.order(3, home="ann", net="10.00", household_hints=_flat())
    assert set(credit(answered(story))) == {"hello-ann", "hello-bob"}
    assert set(credit(answered(story, "[journeys]\nunit = 'person'\n"))) == {"hello-ann"}


def test_what_a_device_for_everybody_showed_is_no_persons_journey(answered: Answered) -> None:
    """Once the household's key was that of one of its persons, who got all that the TV showed."""
    story, tv = Story(), Device(id="tv", kind="tv")
    names = [f"p{number}" for number in range(4)]
    for name in names:
        named = (*who(name), Identifier(namespace="device", value="tv"))
        story.touch(0.5, home=name, channel="hello", household_hints=_flat(), identifiers=named, device=tv)
    story.touch(1, channel="tv", identifiers=(Identifier(namespace="device", value="tv"),), device=tv)
    for name in names:
        story.order(3, home=name, household_hints=_flat())
    assert {"hello", "tv"} <= set(credit(answered(story)))
    assert set(credit(answered(story, "[journeys]\nunit = 'person'\n"))) == {"hello"}


def _flat() -> tuple[object, ...]:
    from hearthline.schema.event import Hint

    return (Hint(kind="home", value="flat-1"),)


def test_a_models_options_are_set_in_the_file(answered) -> None:
    story = Story()
    paths = (
        ("tv", "radio", "tv"),
        ("radio", "tv"),
        ("tv", "radio", "search"),
        ("search", "tv", "radio"),
        ("tv",),
    )
    for home in range(40):
        for day, channel in enumerate(paths[home % 5]):
            story.touch(day, f"h{home}", channel)
        if home % 5 in (0, 2) or home % 7 == 0:
            story.order(5, f"h{home}")
    plain = credit(answered(story), "markov")
    deeper = credit(answered(story, "[attribution.options.markov]\norder = 3\n"), "markov")
    assert sum(plain.values()) == pytest.approx(sum(deeper.values()), abs=1e-4)
    assert plain != deeper


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("[attribution.options.markov]\nodder = 3\n", "order"),
        ("[attribution.options.markov]\norder = 1.5\n", "order"),
        ("[attribution.options.linear]\norder = 2\n", "none"),
        ("[attribution.options.additive_hazard]\nhalf_lives_h = 6\n", "half_lives_h"),
    ],
)
def test_an_option_that_a_model_does_not_have_is_refused(answered, options: str, said: str) -> None:
    story = Story()
    story.touch(1)
    story.order(2)
    with pytest.raises(BadConfig, match=f"options are .*{said}"):
        answered(story, options)


def dash_and_shop(
    shop_home: str | None = "a",
    days: float = 0.1,
    by: str = "unknown",
    product: str = "B1",
    orders: int = 1,
) -> Story:
    """A washer's enrolment, its order without a price, and a shop's orders with one."""
    story = Story()
    story.touch(1, channel="fridge", stage="consideration")
    story.enrol(2)
    bought = Commerce(action="placed", order="dash-1", value_known=False, products=[Product(product_id="B1")])
    story.machine(10, net=None, source="//amazon_dash/-/x", commerce=bought)
    for i in range(orders):
        money = Commerce(
            action="placed", order=f"shop-{i}", revenue=Decimal(20), total=Decimal(24), currency="EUR",
            products=[Product(sku=product)],
        )  # fmt: skip
        known = {} if shop_home else {"identifiers": ()}
        who = Initiator(kind=by) if by != "unknown" else Initiator()
        story.order(
            10 + days, shop_home or "b", source="//amazon_sp_api/-/m", initiator=who, commerce=money, **known
        )
    return story


def test_a_dash_order_meets_the_order_that_has_its_price(answered: Answered) -> None:
    home = answered(dash_and_shop())
    rows = home.sql("SELECT order_id, kind, net, cycle, enrolment FROM orders").to_pylist()
    assert [(r["order_id"], r["kind"], float(r["net"]), r["cycle"]) for r in rows] == [
        ("shop-0", "machine", 20.0, 1)
    ]
    assert rows[0]["enrolment"] is not None
    assert credit(home, "last_touch", "machine") == {"fridge": 20.0}
    (met,) = home.sql("SELECT order_id, priced_order, confidence, evidence FROM told_twice").to_pylist()
    assert met == {
        "order_id": "dash-1",
        "priced_order": "shop-0",
        "confidence": 0.9,
        "evidence": "product, household, time",
    }


def test_without_a_household_a_lone_pair_within_a_day_is_believed_less(answered: Answered) -> None:
    home = answered(dash_and_shop(shop_home=None))
    assert home.sql("SELECT confidence FROM told_twice")["confidence"].to_pylist() == [0.6]
    assert credit(home, "last_touch", "machine") == {"fridge": 20.0}


@pytest.mark.parametrize(
    "story",
    [
        dash_and_shop(days=3.5),
        dash_and_shop(days=-0.2),
        dash_and_shop(by="human"),
        dash_and_shop(product="B2"),
        dash_and_shop(shop_home="b"),
        dash_and_shop(shop_home=None, days=1.5),
        dash_and_shop(shop_home=None, orders=2),
    ],
    ids=[
        "too late",
        "too early",
        "a person's",
        "another product",
        "another home",
        "a day off",
        "two could be it",
    ],
)
def test_what_could_be_another_order_is_not_joined(answered: Answered, story: Story) -> None:
    home = answered(story)
    assert home.sql("SELECT count(*) AS n FROM told_twice")["n"].to_pylist() == [0]
    assert "dash-1" in home.sql("SELECT order_id FROM orders")["order_id"].to_pylist()


def test_two_dash_orders_never_take_one_price_twice(answered: Answered) -> None:
    story = dash_and_shop()
    again = Commerce(action="placed", order="dash-2", value_known=False, products=[Product(product_id="b1")])
    story.machine(10.05, net=None, source="//amazon_dash/-/x", commerce=again)
    home = answered(story)
    assert home.sql("SELECT order_id FROM told_twice")["order_id"].to_pylist() == ["dash-2"]
    assert home.sql("SELECT sum(net) AS net FROM orders")["net"].to_pylist()[0] == 20
