"""Who placed it, who met it: expected credit of persons, under the household's own numbers."""

from pathlib import Path

import pytest

from hearthline import sim
from hearthline.api import Home, init
from hearthline.schema.event import Device, Identifier
from tests.pipeline.conftest import Story, live_in, who


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("actors")
    sim.write_payloads("additive", 160, 60, 5, folder / "inbox")
    home = init(folder / "home")
    (home.path / "hearthline.toml").write_text("[attribution]\nreplicates = 2\n")
    home.add(folder / "inbox")
    home.run()
    return home


def test_every_session_and_order_is_shared_out_whole(town: Home) -> None:
    for table, key in (("actors", "unit, time, kind"), ("order_actors", "order_id")):
        off = f"SELECT count(*) AS n FROM (SELECT sum(probability) AS p FROM {table} GROUP BY {key}) WHERE abs(p - 1) > 1e-9"
        assert town.sql(off)["n"][0].as_py() == 0, table
    placed = "SELECT count(DISTINCT order_id) AS n FROM orders WHERE status = 'placed' AND unit IS NOT NULL"
    assert town.sql("SELECT count(DISTINCT order_id) AS n FROM order_actors") == town.sql(placed)


def test_a_machines_order_has_no_person(town: Home) -> None:
    rows = town.sql(
        "SELECT DISTINCT a.actor, a.person FROM order_actors a JOIN orders o USING (order_id) WHERE o.kind <> 'person'"
    )
    assert rows.to_pylist() == [{"actor": "machine", "person": None}]


def test_an_order_spoken_to_the_speaker_is_shared_among_those_who_live_there(town: Home) -> None:
    found = town.sql(
        "SELECT actor, count(*) AS n FROM order_actors WHERE basis = 'estimated' GROUP BY actor ORDER BY actor"
    ).to_pylist()
    assert [r["actor"] for r in found] == ["person", "unknown"]


def test_the_persons_of_a_household_sum_to_its_own_numbers(town: Home) -> None:
    sql = """SELECT max(abs(p.revenue - o.net)) AS off FROM
      (SELECT unit, sum(revenue) AS revenue FROM person_credit GROUP BY unit) p
      JOIN (SELECT unit, sum(net) AS net FROM orders WHERE status = 'placed' GROUP BY unit) o USING (unit)"""
    assert town.sql(sql)["off"][0].as_py() < 1e-4
    credited = "SELECT sum(c.amount) AS n FROM touch_credits c JOIN models m USING (model) WHERE m.is_default"
    whole = float(town.sql(credited)["n"][0].as_py())
    assert float(town.sql("SELECT sum(credit) AS n FROM person_credit")["n"][0].as_py()) == pytest.approx(
        whole, abs=0.01
    )


def test_doubt_widens_a_persons_interval_and_only_then(town: Home) -> None:
    rows = town.sql("SELECT credit_low, credit, credit_high FROM person_credit").to_pylist()
    assert all(r["credit_low"] <= r["credit"] <= r["credit_high"] for r in rows)
    assert any(r["credit_low"] < r["credit"] for r in rows)


def test_the_households_numbers_do_not_depend_on_it(town: Home) -> None:
    tables = ("shares", "ledger", "credits", "households", "journeys")
    before = {t: town.sql(f"SELECT * FROM {t} ORDER BY ALL") for t in tables}
    settings = town.path / "hearthline.toml"
    settings.write_text(settings.read_text() + "[identity]\nactors = false\n")
    town.run()
    assert town.sql("SELECT count(*) AS n FROM actors")["n"][0].as_py() == 0
    for name, rows in before.items():
        assert town.sql(f"SELECT * FROM {name} ORDER BY ALL") == rows, name


def test_a_sale_on_the_speaker_ties_the_shops_order_to_whoever_spoke(tmp_path: Path) -> None:
    story = Story()
    both = Device(id="s1", kind="speaker")
    for day in range(20):
        for name in ("ann", "bob"):
            on_phone = (*who(name), Identifier(namespace="advertising.device", value=f"phone-{name}"))
            story.touch(
                day + (0.3 if name == "ann" else 0.8),
                home=name,
                channel="app",
                identifiers=on_phone,
                device=Device(id=f"phone-{name}", kind="phone"),
            )
            speaks = (*who(name), Identifier(namespace="device", value="s1"))
            story.touch(
                day + (0.3 if name == "ann" else 0.8),
                home=name,
                channel="voice",
                identifiers=speaks,
                device=both,
            )
    spoken = (Identifier(namespace="device", value="s1"),)
    story.order(
        10.3, home="bob", number=None, layer="platform", identifiers=spoken, device=both, commerce=_sold()
    )
    story.order(10.301, home="bob", number="shop-1", layer="commerce")
    home = live_in(tmp_path / "home", story.events)
    home.run()
    rows = home.sql(
        "SELECT a.probability AS p, i.id FROM order_actors a JOIN identifiers i USING (person) WHERE order_id = 'shop-1' AND i.id LIKE 'customer:%'"
    ).to_pylist()
    chance = {r["id"]: r["p"] for r in rows}
    assert chance["customer:ann"] > 0.8
    assert chance["customer:bob"] < 0.2


def _sold() -> object:
    from hearthline.schema.event import Commerce

    return Commerce(action="placed")
