"""DuckDB and Spark make the same tables of the same files, exactly."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import pyarrow as pa
import pytest

from hearthline import journeys, signals, sim
from hearthline.api import init
from hearthline.pipeline.answer import SELECTS
from hearthline.pipeline.core import RESOLVED, Core, build_core
from hearthline.pipeline.credit import credit
from hearthline.privacy import admit_events
from hearthline.schema.event import Commerce, Initiator, Product
from hearthline.schema.settings import JourneySettings, MoneySettings, Settings
from hearthline.sim import write_lake
from hearthline.store.answer import PublishedAnswer
from hearthline.store.duckdb import DuckEngine
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from hearthline.store.spark import SparkEngine
from tests.pipeline.conftest import RECEIVED, Story

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="no Java found; Spark needs 17 or newer"),
]
TABLES = (
    *(
        "repeated",
        "clean",
        "kinds",
        "context_counts",
        "observations",
        "members",
        "channels",
        "context_places",
        "places",
    ),
    *(
        "touches",
        "shop_events",
        "order_versions",
        "payments",
        "refunds",
        "enrolments",
        "homed_enrolments",
        "told_products",
        "unpriced",
        "told_twice",
        "lineage",
        "priced_orders",
    ),
    *("orders", "stock", "segments", "marks", "timelines", "home_steps"),
    *("known_levels", "known_acts", "condition_changes", *RESOLVED),
)
"""What the core makes; `condition_changes` is loaded from what `states` makes of the two before it."""
CONDITIONS = Settings(
    journeys=JourneySettings(conditions=("running_out", "fading", "leaving")),
    money=MoneySettings(currency="EUR", rates={"SEK": 0.08765432, "DKK": 0.13412345}),
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A simulated town, and hand-made hard rows: ties, missing fields, duplicates, refunds without order."""
    folder = tmp_path_factory.mktemp("engines")
    write_lake("additive", 150, 75, 11, folder / "town")
    home = HomeFolder.create(folder / "home")
    story = Story()
    for i in range(60):
        story.touch(i // 4, home=f"t{i % 3}", channel=f"c{i % 2}", device=_device(i))
        if i % 7 == 0:
            story.order(i // 4, home=f"t{i % 3}", number=f"tie{i}")
            story.order(i // 4, home=f"t{i % 3}", number=f"tie{i}", id="again")
    story.refund(9, "tie7", "3.00")
    story.refund(9, "missing", "3.00")
    story.order(5, net=None, number="priceless")
    story.order(6, net="5.00", number="dollars", currency="USD")
    _tell_money(story)
    for i in range(6):
        story.enrol(2, home=f"t{i % 3}", ref=f"w{i}")
        bought = {"products": [Product(product_id=f"B{i // 2}", sku="soap")]}
        story.machine(
            6 + i,
            home=f"t{i % 3}",
            ref=f"w{i}",
            net=None,
            source="//dash/a",
            commerce=_sold(f"d{i}", **bought),
        )
        shop = {"initiator": Initiator(), "source": "//shop/a"} | ({"identifiers": ()} if i % 2 else {})
        story.order(6.1 + i, home=f"t{i % 3}", **shop, commerce=_sold(f"s{i}", revenue=Decimal(9), **bought))
    with home.writing(), Lake(home.lake).batch(datetime.now(UTC)) as batch:
        batch.adopt(folder / "town" / "events-*.parquet", folder / "town" / "identities-*.parquet")
        batch.admit(admit_events(story.events, [], [], home.key), RECEIVED)
    return Lake(home.lake)


def _tell_money(story: Story) -> None:
    """Two shops that number alike, refunds by several and in several currencies, large and negative amounts."""
    for number in ("1", "2", "3"):
        for shop, net in (("//shop/b", "1234567.8901"), ("//shop/c", "98765432109.8765")):
            story.order(7, net=net, number=number, currency="SEK", source=shop)
    story.order(7, net="-4.5", number="negative")
    story.order(7, net="10.00", number="lone")
    for number, shop, amount, currency in (
        ("1", "//shop/b", "0.3333", "SEK"),
        ("1", "//shop/b", "7.7777", "DKK"),
        ("1", "//pay/a", "5.00", "SEK"),
        ("2", "//shop/c", None, "SEK"),
        ("3", "//shop/c", "9.00", None),
        ("lone", "//pay/a", "11.00", "NOK"),
        ("lone", "//pay/a", "12.00", "EUR"),
        (None, "//pay/a", None, None),
    ):
        value = None if amount is None else Decimal(amount)
        told = Commerce(action="refunded", refund_of=number, revenue=value, currency=currency)
        story._tell("commerce.order.refunded", 9, "a", layer="commerce", source=shop, commerce=told)


def _sold(number: str, **more: Any) -> Commerce:
    return Commerce(action="placed", order=number, currency="EUR", **more)


def _device(i: int) -> object:
    from hearthline.schema.event import Device

    return Device(id=f"d{i % 5}", kind="tv" if i % 2 else None)


@pytest.fixture(scope="module")
def cores(lake: Lake) -> Iterator[tuple[Core, Core]]:
    duck, spark = DuckEngine(), SparkEngine(2)
    yield build_core(duck, lake, CONDITIONS), build_core(spark, lake, CONDITIONS)
    duck.close()
    spark.close()


def rows(core: Core, table: str) -> list[tuple[object, ...]]:
    found = core.engine.table(f"SELECT * FROM {table}")
    columns = [_plain(found[name]) for name in sorted(found.column_names)]
    return sorted(zip(*columns, strict=True), key=repr)


def _plain(column: pa.ChunkedArray) -> list[object]:
    return [tuple(v) if isinstance(v, list) else v for v in column.to_pylist()]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_the_same_on_both_engines(cores: tuple[Core, Core], table: str) -> None:
    duck, spark = (rows(core, table) for core in cores)
    assert len(duck) == len(spark)
    assert duck == spark


def test_no_table_of_the_core_is_left_out() -> None:
    made = {select.table for select in (*journeys.BEFORE_IDENTITY, *journeys.AFTER_IDENTITY)}
    assert made <= set(TABLES)


def test_conditions_begin_and_end_in_this_town(cores: tuple[Core, Core]) -> None:
    changes = cores[0].engine.table("SELECT condition, active FROM condition_changes")
    assert {0, 1} <= set(changes["condition"].to_pylist())
    assert set(changes["active"].to_pylist()) == {True, False}


def test_the_credit_is_the_same_on_both_engines(cores: tuple[Core, Core]) -> None:
    kept: list[dict[str, list[pa.Table]]] = []
    for core in cores:
        tables: dict[str, list[pa.Table]] = {}
        credit(
            core, lambda name, rows, tables=tables: tables.setdefault(name, []).append(rows), lambda _: None
        )
        kept.append(tables)
    for name in ("ledger", "unattributed", "shares"):
        duck, spark = (sorted(map(repr, pa.concat_tables(k[name]).to_pylist())) for k in kept)
        assert duck == spark


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PublishedAnswer, PublishedAnswer]]:
    """The answers of one lively town, whose core ran on DuckDB and on Spark."""
    folder = tmp_path_factory.mktemp("answers")
    sim.write_payloads("additive", 100, 70, 5, folder / "inbox", layers=sim.Layers.lively())
    home = init(folder / "duckdb")
    sim.write_content(home.path)
    named = ", ".join(f'"{path}"' for path in sim.CONTENT)
    (home.path / "hearthline.toml").write_text(
        '[attribution]\nmodels = ["last_touch"]\nreplicates = 2\n'
        f'[journeys]\nconditions = ["running_out"]\n[signals]\ncontent = [{named}]\n'
    )
    home.add(folder / "inbox")
    shutil.copytree(folder / "duckdb", folder / "spark")
    found = []
    for engine in ("duckdb", "spark"):
        init(folder / engine).run(engine=engine)
        found.append(PublishedAnswer(HomeFolder(folder / engine)))
    yield found[0], found[1]
    for answer in found:
        answer.close()


@pytest.mark.parametrize("table", [*signals.makers(), "derived", "signals", *(s.table for s in SELECTS)])
def test_every_table_of_signals_and_of_the_answer_is_the_same(
    answers: tuple[PublishedAnswer, PublishedAnswer], table: str
) -> None:
    duck, spark = (sorted(map(repr, a.table(f"SELECT * FROM {table}").to_pylist())) for a in answers)
    assert duck == spark
