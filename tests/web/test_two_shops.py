"""Where two shops have an order of one number, the API and the pages open each, and ask which one is meant."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest
import requests
from tests.pipeline.conftest import Story, live_in

import hearthline as hl
from hearthline.cli._first_answer import first_answer
from hearthline.schema.errors import UnknownName
from web.serving import serving

EU, US = "//shopify/eu", "//shopify/us"
NAMES = [f"7@{EU}", f"7@{US}"]


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two households, each with an order 7, and one with an order 8."""
    story = Story()
    for home, channel, shop, net in (("a", "tv", EU, "10.00"), ("b", "web", US, "50.00")):
        for day in range(6):
            story.touch(day, home=home, channel=channel)
        story.order(7, home=home, number="7", net=net, source=shop)
    story.order(9, home="b", number="8", net="5.00", source=US)
    folder = tmp_path_factory.mktemp("shops") / "home"
    live_in(folder, story.events).run()
    return folder


@pytest.fixture(scope="module")
def address(shops: Path) -> Iterator[str]:
    with serving(shops) as found:
        yield found


def page(address: str, path: str) -> str:
    answer = requests.get(address + path, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_orders_have_a_name_that_opens_them(address: str) -> None:
    orders = requests.get(f"{address}/api/orders?model=linear", timeout=30).json()["orders"]
    assert sorted(o["name"] for o in orders) == [*NAMES, "8"]
    client = hl.connect(address)
    for order in orders:
        assert client.explain(order["name"]).order["net"] == hl.remote._typed(order)["net"]


def test_credit_of_a_number_goes_to_the_orders_of_one_shop_only(address: str) -> None:
    found = requests.get(f"{address}/api/orders?model=linear&channel=tv", timeout=30).json()
    assert [(o["name"], float(o["credit"])) for o in found["orders"]] == [(NAMES[0], 10.0)]


def test_a_number_that_two_shops_have_is_not_opened_but_asked_about(address: str) -> None:
    with pytest.raises(UnknownName, match="2 shops have an order '7'"):
        hl.connect(address).explain("7")
    shown = page(address, "/orders/7")
    assert "2 shops have an order 7" in shown
    for name in NAMES:
        assert f'href="/orders/{quote(name, safe="")}"' in shown


def test_the_page_of_an_order_is_of_its_shop_alone(address: str) -> None:
    for name, own, others in ((NAMES[0], "€10.00", "€50.00"), (NAMES[1], "€50.00", "€10.00")):
        shown = page(address, f"/orders/{quote(name, safe='')}")
        assert own in shown
        assert others not in shown
        assert f"hearthline explain {name}" in shown
    assert "hearthline explain 8<" in page(address, "/orders/8")


def test_a_search_finds_an_order_by_number_and_by_name(address: str) -> None:
    for asked in ("7", NAMES[0]):
        found = requests.get(f"{address}/household", {"q": asked}, timeout=30, allow_redirects=False)
        assert found.headers["location"] == f"/orders/{quote(asked, safe='')}"


def test_homes_and_lists_link_to_orders_by_name(address: str, shops: Path) -> None:
    unit = hl.open_home(shops).explain(NAMES[1]).order["unit"]
    shown = page(address, f"/household/{unit}")
    assert f'href="/orders/{quote(NAMES[1], safe="")}"' in shown
    assert 'href="/orders/8"' in shown
    assert quote(NAMES[0], safe="") not in shown
    assert quote(NAMES[0], safe="") in page(address, "/household")


def test_the_first_answer_names_an_order_that_can_be_opened(shops: Path) -> None:
    home = hl.open_home(shops)
    example = first_answer(home, [])["example"]
    assert example in NAMES
    assert home.explain(example).touches


def test_an_answer_of_an_earlier_version_says_what_to_do(shops: Path, tmp_path: Path) -> None:
    shutil.copytree(shops, tmp_path / "home")
    (file,) = (tmp_path / "home" / "answers").glob("*.duckdb")
    with duckdb.connect(str(file)) as old:
        old.execute("ALTER TABLE touch_credits DROP COLUMN shop")
    with serving(tmp_path / "home") as address:
        answer = requests.get(f"{address}/api/explain/8", timeout=30)
    assert (answer.status_code, "hearthline run" in answer.text) == (503, True)
