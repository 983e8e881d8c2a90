"""Credit counted where each order was placed, as the truth of a simulated town counts it."""

from collections.abc import Callable

import pytest

from hearthline.api import Home
from hearthline.cli._truth import credit_by_order
from pipeline.conftest import Story, credit


def test_what_a_machines_order_replaces_is_taken_from_orders_by_hand(answered: Callable[..., Home]) -> None:
    story = Story()
    story.touch(1, channel="appliance")
    story.enrol(2)
    story.machine(9, net="20.00")
    story.machine(16, net="20.00")
    story.touch(3, home="b", channel="tv")
    story.order(4, home="b", net="10.00")
    home = answered(story, "displacement = 0.25\npersistence = 1.0\nbrought_forward = 0.0\n")
    answer = home.answer()
    try:
        found = credit_by_order(answer)
    finally:
        answer.close()
    assert credit(home, kind="machine") == {"appliance": 30.0, "(baseline)": 10.0}
    assert found["linear", "automated"] == pytest.approx({"appliance": 40.0, "tv": 0.0})
    assert found["linear", "person"] == pytest.approx({"appliance": -10.0, "tv": 10.0})
    assert found["linear", "all"] == pytest.approx({"appliance": 30.0, "tv": 10.0})
