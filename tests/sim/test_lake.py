from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from hearthline.schema.arrow import EVENTS, IDENTITIES, identity_key
from hearthline.schema.event import Hint, Identifier
from hearthline.sim import simulate, write_lake
from hearthline.sim.channels import CHANNELS

HOMES, DAYS, SEED = 350, 45, 6


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    write_lake("additive", HOMES, DAYS, SEED, folder, telemetry=2.0)
    return folder


@pytest.fixture(scope="module")
def con(lake: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW raw AS SELECT * FROM '{lake}/events-*.parquet'")
    connection.execute(f"CREATE VIEW identities AS SELECT * FROM '{lake}/identities-*.parquet'")
    connection.execute("CREATE TABLE events AS SELECT DISTINCT ON (source, id) * FROM raw")
    return connection


def one(con: duckdb.DuckDBPyConnection, query: str) -> tuple:
    (row,) = con.execute(query).fetchall()
    return row


def digest(folder: Path) -> dict[str, str]:
    return {p.name: sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_files_have_the_canonical_schema(lake: Path) -> None:
    assert pq.read_schema(lake / "events-00000.parquet").equals(EVENTS)
    assert pq.read_schema(lake / "identities-00000.parquet").equals(IDENTITIES)
    compression = pq.read_metadata(lake / "events-00000.parquet").row_group(0).column(0).compression
    assert compression == "ZSTD"


def test_the_same_seed_gives_the_same_bytes(lake: Path, tmp_path: Path) -> None:
    write_lake("additive", HOMES, DAYS, SEED, tmp_path / "again", telemetry=2.0)
    assert digest(tmp_path / "again") == digest(lake)
    write_lake("additive", HOMES, DAYS, SEED + 1, tmp_path / "other", telemetry=2.0)
    assert digest(tmp_path / "other") != digest(lake)


def test_orders_in_the_lake_are_those_that_were_lived(con: duckdb.DuckDBPyConnection) -> None:
    story = simulate("additive", HOMES, DAYS, SEED)
    orders, gross = one(
        con, "SELECT count(*), sum(commerce_revenue) FROM events WHERE commerce_action = 'placed'"
    )
    assert orders == story.orders.num_rows
    assert gross == Decimal(sum(story.orders["gross"].to_pylist())) / 100
    back = one(
        con,
        """SELECT (SELECT sum(commerce_revenue) FROM events WHERE commerce_action = 'refunded')
        + (SELECT coalesce(sum(p.commerce_revenue), 0) FROM events p JOIN events c USING (commerce_order)
           WHERE p.commerce_action = 'placed' AND c.commerce_action = 'cancelled')""",
    )[0]
    assert gross - back == Decimal(sum(story.orders["net"].to_pylist())) / 100


def test_touches_carry_their_channel_and_stage(con: duckdb.DuckDBPyConnection) -> None:
    told = con.execute(
        """SELECT DISTINCT touch_channel, stage FROM events
        WHERE touch_channel IS NOT NULL AND stage <> 'post_purchase' ORDER BY ALL"""
    ).fetchall()
    assert told == sorted((c.name, c.stage) for c in CHANNELS)


def test_mails_after_an_order_are_post_purchase(con: duckdb.DuckDBPyConnection) -> None:
    stages = con.execute(
        "SELECT DISTINCT stage FROM events WHERE touch_channel = 'shipment-email'"
    ).fetchall()
    assert stages == [("post_purchase",)]


def test_a_machine_order_names_the_decision_behind_it(con: duckdb.DuckDBPyConnection) -> None:
    acts, known, early = one(
        con,
        """SELECT count(*), count(e.id), count(*) FILTER (a.time <= e.time)
        FROM events a LEFT JOIN events e
          ON a.automation_ref_system = e.automation_ref_system AND a.automation_ref_id = e.automation_ref_id
          AND e.automation_role = 'enrol'
        WHERE a.automation_role = 'act'""",
    )
    assert acts > 20
    assert (known, early) == (acts, 0)
    kinds = con.execute(
        """SELECT DISTINCT automation_kind, initiator_kind, modality FROM events
        WHERE automation_role = 'act' ORDER BY ALL"""
    ).fetchall()
    assert kinds == [("replenishment", "predicted", "automated"), ("subscription", "scheduled", "automated")]


def test_touches_come_before_and_after_the_order_of_their_day() -> None:
    story = simulate("additive", HOMES, DAYS, SEED)
    con = duckdb.connect()
    con.register("touches", story.touches)
    con.register("orders", story.orders)
    days, late = one(
        con,
        """SELECT count(*), count(*) FILTER (t.time >= o.time) FROM orders o JOIN touches t
        ON o.home = t.home AND o.time // 86400000000 = t.time // 86400000000""",
    )
    assert days > 200
    assert 0.1 < late / days < 0.9


def test_levels_are_percentages_once_a_day(con: duckdb.DuckDBPyConnection) -> None:
    low, high, readings, devices = one(
        con,
        """SELECT min(signal_number), max(signal_number), count(*), count(DISTINCT device_id) FROM events
        WHERE signal_capability = 'inventory' AND signal_attribute = 'level' AND signal_unit = 'percent'""",
    )
    assert (low, high) == (0, 100)
    assert readings == devices * DAYS


def test_about_one_in_a_hundred_comes_late_and_one_twice(con: duckdb.DuckDBPyConnection) -> None:
    twice = 1 - one(con, "SELECT count(*) FROM events")[0] / one(con, "SELECT count(*) FROM raw")[0]
    assert 0.008 < twice < 0.012
    late, skewed = one(
        con,
        """SELECT avg((time_received - time > INTERVAL 20 HOUR)::INT),
        avg((time_quality = 'device')::INT) FROM events WHERE layer IN ('device', 'media')""",
    )
    assert 0.007 < late < 0.013
    assert 0.003 < skewed < 0.007


def test_every_event_names_a_known_identity(con: duckdb.DuckDBPyConnection) -> None:
    assert one(con, "SELECT count(*) FROM raw ANTI JOIN identities USING (identity)")[0] == 0
    rows, distinct = one(con, "SELECT count(*), count(DISTINCT identity) FROM identities")
    assert rows == distinct


def test_identity_keys_are_those_of_the_schema(lake: Path) -> None:
    for row in pq.read_table(lake / "identities-00000.parquet").slice(0, 200).to_pylist():
        identifiers = [Identifier(**i) for i in row["identifiers"]]
        assert row["identity"] == identity_key(identifiers, [Hint(**h) for h in row["household_hints"]])


def test_only_some_homes_report_themselves(con: duckdb.DuckDBPyConnection) -> None:
    hinted = one(con, "SELECT count(DISTINCT household_hints[1].value) FROM identities")[0]
    assert 0.5 * HOMES < hinted < 0.75 * HOMES


def test_a_segment_is_told_at_sign_in_only(con: duckdb.DuckDBPyConnection) -> None:
    types = con.execute("SELECT DISTINCT type FROM events WHERE segment IS NOT NULL").fetchall()
    assert types == [("platform.account.linked",)]
    assert one(con, "SELECT count(DISTINCT segment) FROM events")[0] == 4


def test_more_telemetry_means_more_events(lake: Path, tmp_path: Path) -> None:
    few = write_lake("additive", 60, 20, 1, tmp_path / "few", telemetry=0.0)
    many = write_lake("additive", 60, 20, 1, tmp_path / "many", telemetry=10.0)
    assert 60 * 20 * 7 < many - few < 60 * 20 * 11


def test_a_larger_town_begins_with_the_same_homes() -> None:
    small, large = (simulate("additive", n, 20, 8) for n in (100, 2100))
    first = large.touches.filter(duckdb_below(large.touches, 100))
    assert first.equals(small.touches)


def duckdb_below(table, limit: int):
    import pyarrow.compute as pc

    return pc.less(table["home"], limit)
