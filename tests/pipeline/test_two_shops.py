"""Two shops may number their orders alike: each order's money, credit and refund stay its own."""

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from hearthline.api import Home
from hearthline.experiments import Lift
from hearthline.pipeline.choosing.disagreement import disagreements
from hearthline.pipeline.choosing.fit import fits
from hearthline.pipeline.experiments import opened
from hearthline.pipeline.experiments.believing import Lifted, said_of
from hearthline.pipeline.forecasts.backtest import held_back
from hearthline.schema.errors import UnknownName
from hearthline.schema.event import Commerce, Device, Product
from tests.pipeline.conftest import Story, live_in

EU, US = "//shopify/eu", "//shopify/us"
SETTINGS = """min_homes = 2
models = ["additive_hazard", "last_touch", "linear"]
"""


def two_shops(*, alike: bool) -> Story:
    """Twenty homes that buy in one of two shops; the second numbers its orders like the first, or not."""
    story = Story()
    for i in range(20):
        home, shop = f"h{i}", (EU, US)[i % 2]
        for day in (i % 5, 9 + i % 4):
            story.touch(day, home=home, channel=("tv", "web")[i % 2], device=Device(id=f"d{i}", kind="tv"))
            number = f"{1000 + i // 2 + 100 * (day > 8)}" + ("" if alike or i % 2 == 0 else "-us")
            story.order(
                day + 1,
                home=home,
                source=shop,
                commerce=Commerce(
                    action="placed",
                    order=number,
                    revenue=Decimal(10 + 40 * (i % 2)),
                    currency="EUR",
                    products=[Product(name=("soap", "tea")[i % 2], quantity=Decimal(1 + i % 2))],
                ),
            )
        story.enrol(2 + i % 3, home=home, ref=f"r{i}")
        number = f"{2000 + i // 2}" + ("" if alike or i % 2 == 0 else "-us")
        story.machine(12 + i % 3, home=home, ref=f"r{i}", net=f"{20 + i}", number=number, source=shop)
    return story


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Home]:
    """The same town twice: with numbers that two shops share, and with numbers of their own."""
    folder, found = tmp_path_factory.mktemp("shops"), {}
    for alike in (True, False):
        found[alike] = live_in(folder / str(alike), two_shops(alike=alike).events, SETTINGS)
        found[alike].run()
    return found


def test_the_shops_do_number_alike_here(homes: dict[bool, Home]) -> None:
    sql = "SELECT count(*) - count(DISTINCT order_id) AS n FROM orders"
    assert [homes[alike].sql(sql)["n"][0].as_py() for alike in (True, False)] == [30, 0]


def test_no_report_says_something_else_because_numbers_are_alike(homes: dict[bool, Home]) -> None:
    for name in homes[True].reports():
        one, other = (_rounded(homes[alike].report(name).figure.rows) for alike in (True, False))
        assert one == other, name


def _rounded(rows: pa.Table) -> list[dict[str, Any]]:
    """Return rows whose floats leave out the digits that hang on the order in which they were added."""
    return [
        {k: float(f"{v:.9g}") if isinstance(v, float) else v for k, v in row.items()}
        for row in rows.to_pylist()
    ]


def test_no_table_of_the_answer_has_other_rows_because_numbers_are_alike(homes: dict[bool, Home]) -> None:
    tables = homes[True].sql(
        "SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'answer' AND table_name <> 'run'"
    )
    for table in tables["name"].to_pylist():
        one, other = (_plain(homes[alike], table) for alike in (True, False))
        assert one == other, table


def _plain(home: Home, table: str) -> list[str]:
    """Return the rows of a table with numbers of orders as the first shop writes them."""
    rows = home.sql(f'SELECT * FROM answer.main."{table}"').to_pylist()
    return sorted(repr(row).replace("-us'", "'") for row in rows)


def test_learning_from_experiments_and_fits_read_each_order_once(homes: dict[bool, Home]) -> None:
    said = []
    for alike in (True, False):
        with opened(homes[alike]._folder) as (_, read):
            lift = Lift("spring", "web", "all", date(2026, 3, 1), date(2026, 3, 31), 100.0, 10.0)
            units = read("SELECT unit FROM {households} ORDER BY unit")["unit"].to_numpy()
            placed = said_of(read, Lifted(lift, units[::2]))
            said.append(({m: v.tolist() for m, v in placed.items()}, fits(read)))
    assert said[0] == said[1]
    assert any(sum(v) for v in said[0][0].values())


def test_forecasts_are_held_against_the_orders_of_their_own_shop(homes: dict[bool, Home]) -> None:
    one, other = (held_back(homes[alike].sql, 1) for alike in (True, False))
    assert one == other
    assert any("owed to" in held.what for held in one)


def test_where_models_disagree_an_order_is_named_so_that_it_opens(homes: dict[bool, Home]) -> None:
    said = {}
    for alike in (True, False):
        with opened(homes[alike]._folder) as (_, read):
            said[alike] = disagreements(read, "additive_hazard", "linear")
    assert [d["money"] for d in said[True]] == [d["money"] for d in said[False]]
    assert said[True]
    for row in said[True]:
        assert homes[True].explain(row["example"]).order["kind"] == "person"


def test_an_order_is_opened_by_its_number_and_its_shop(homes: dict[bool, Home]) -> None:
    home = homes[True]
    with pytest.raises(UnknownName, match=f"2 shops .* 1000@{EU} or 1000@{US}"):
        home.explain("1000")
    for shop, net, channel in ((EU, 10, "tv"), (US, 50, "web")):
        found = home.explain(f"1000@{shop}")
        assert (found.order["shop"], found.order["net"]) == (shop, net)
        assert {t["channel"] for t in found.touches} == {channel}
        assert {e["source"] for e in found.events} == {shop}
        linear = next(t for t in found.totals if t["model"] == "linear")
        assert linear["credited"] + linear["unattributed"] == net
    assert homes[False].explain("1000-us").order["shop"] == US


def test_a_home_shows_its_own_order_of_a_number_and_the_name_that_opens_it(homes: dict[bool, Home]) -> None:
    home = homes[True]
    with pytest.raises(UnknownName, match="2 shops"):
        home.explain_household("1000")
    found = home.explain_household(f"1000@{US}")
    assert f"1000@{US}" in {o["name"] for o in found.orders}
    assert {o["shop"] for o in found.orders} == {US}
    assert all(o["actors"] for o in found.orders)
    assert all(o["name"] == o["order_id"] for o in homes[False].explain_household("1000").orders)
