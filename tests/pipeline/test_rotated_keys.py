"""A key of the hashes is rotated in the middle of a stream: nobody is parted from their past."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hearthline.api import Home, init
from hearthline.pipeline import load
from hearthline.pipeline.core import build_core
from hearthline.privacy import admit_events
from hearthline.privacy.pseudonym import pseudonym
from hearthline.schema.errors import UnknownName
from hearthline.schema.event import Event, Hint, Identifier
from hearthline.schema.settings import Settings
from hearthline.store.duckdb import DuckEngine
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from hearthline.store.log import Log
from tests.pipeline.conftest import RECEIVED, Story
from tests.pipeline.test_forgetting import ANN, BOB, everything, logged, tracked

WHO = (
    "SELECT min(i.id) FILTER (NOT contains(i.id, '_hmac')) AS known, count(*) AS n, i.person IS NULL AS nobody "
    "FROM identifiers i WHERE NOT contains(id, '_hmac') GROUP BY {}, nobody ORDER BY ALL"
)


def mail(name: str) -> tuple[Identifier, ...]:
    return (Identifier(namespace="email", value=f"{name}@example.com", personal=True),)


def shopping() -> list[Event]:
    """Two homes known by e-mail alone, address and network; one of them also by its login."""
    story = Story()
    address = (Hint(kind="address", value="1 Lane", personal=True),)
    for day in range(12):
        for name in ("ann", "bob"):
            browser = Identifier(namespace="anonymous", value=f"b-{name}-{day // 6}")
            at = Identifier(namespace="ip", value=f"10.0.0.{len(name)}{ord(name[0])}", personal=True)
            story.touch(
                day,
                home=name,
                channel="tv" if name == "ann" else "radio",
                identifiers=(*mail(name), browser, at),
                household_hints=address if name == "ann" else (),
            )
    story.touch(3, home="cid", identifiers=(*mail("cid"), Identifier(namespace="customer", value="cid")))
    for name in ("ann", "bob", "cid"):
        story.order(13, home=name, number=f"order-{name}", identifiers=mail(name))
    return story.events


def told(path: Path, parts: list[list[Event]], between: Callable[[HomeFolder], None]) -> Home:
    home = HomeFolder.create(path)
    (path / "secret.key").write_bytes(b"the first key".ljust(32))
    # draws of doubtful links go by the identifiers' names, and a rotation gives new ones
    settings = "[attribution]\nreplicates = 2\nidentity_doubt = false\n"
    (path / "hearthline.toml").write_text(settings)
    for number, events in enumerate(parts):
        if number:
            between(home)
        with home.writing(), Lake(home.lake).batch(RECEIVED) as batch:
            batch.admit(admit_events(events, [], [], home.ring.now()), RECEIVED)
    return init(path)


def who_is_who(home: Home) -> list[object]:
    """Households and persons by what they hold, credit and orders; hashes left out."""
    return [
        home.sql(WHO.format("unit")).to_pylist(),
        home.sql(WHO.format("person")).to_pylist(),
        home.sql("SELECT count(*) AS n FROM households").to_pylist(),
        home.sql("SELECT count(DISTINCT person) AS n FROM identifiers").to_pylist(),
        home.sql(
            "SELECT kind, state, count(*) AS n, sum(evidence) AS e FROM links WHERE kind <> 'one_value' GROUP BY ALL ORDER BY ALL"
        ).to_pylist(),
        home.sql("SELECT * FROM shares ORDER BY ALL").to_pylist(),
        home.sql("SELECT order_id, net, kind FROM orders ORDER BY ALL").to_pylist(),
    ]


def rotated(home: HomeFolder) -> None:
    home.ring.rotate()


def nothing(home: HomeFolder) -> None:
    pass


def cut(events: list[Event]) -> list[list[Event]]:
    """In the middle of the stream, and again before its end."""
    return [events[:9], events[9:19], events[19:]]


def test_people_households_and_credit_are_as_if_no_key_had_been_rotated(tmp_path: Path) -> None:
    plain = told(tmp_path / "plain", cut(shopping()), nothing)
    turned = told(tmp_path / "turned", cut(shopping()), rotated)
    plain.run()
    turned.run()
    assert who_is_who(turned) == who_is_who(plain)
    names = "SELECT id, names, unit, person, first, last, events FROM identifiers ORDER BY id"
    one, other = (home.sql(names).to_pylist() for home in (plain, turned))
    early = {r["id"] for r in one} & {r["id"] for r in other}
    assert len(early) == len(one) - 1, "all but the one that came after the rotation have their old name"
    assert [r for r in other if r["id"] in early] == [r for r in one if r["id"] in early]
    assert len(turned.sql("SELECT * FROM links WHERE kind = 'one_value'")) > 4
    assert set(turned.sql("SELECT rule FROM links WHERE kind = 'one_value'")["rule"].to_pylist()) == {
        "one value under two keys"
    }


def test_an_increment_over_a_rotation_is_as_a_rebuild_and_keeps_every_key(tmp_path: Path) -> None:
    first, *rest = cut(shopping())
    home = told(tmp_path, [first], nothing)
    home.run()
    before = home.sql("SELECT id, unit, person FROM identifiers").to_pylist()
    for part in rest:
        home.rotate_hash_key()
        folder = HomeFolder.open(tmp_path)
        with folder.writing(), Lake(folder.lake).batch(RECEIVED) as batch:
            batch.admit(admit_events(part, [], [], folder.ring.now()), RECEIVED)
        home.run()
    after = {r["id"]: r for r in home.sql("SELECT id, unit, person FROM identifiers").to_pylist()}
    assert all(after[r["id"]] == r for r in before), "the names in use, and the keys, stay"
    assert home.sql("SELECT kind FROM identity_changes").num_rows == 0
    tables = ("members", "links", "identifiers", "households", "devices", "orders")
    was = {t: home.sql(f"SELECT * FROM {t} ORDER BY ALL") for t in tables}
    home.rebuild()
    for table in tables:
        now = home.sql(f"SELECT * FROM {table} ORDER BY ALL")
        assert now.num_rows == was[table].num_rows, table


def test_a_server_and_its_log_go_on_over_a_rotation(tmp_path: Path) -> None:
    home = init(tmp_path / "home")
    folder = HomeFolder.open(home.path)
    (home.path / "hearthline.toml").write_text("[attribution]\nreplicates = 2\n")
    log = Log(folder.log, segment_bytes=1 << 16)
    for n in range(20):
        if n == 10:
            home.rotate_hash_key()
        user = "ann-1234" if n < 10 else "ann-5678"  # a new login: what joins the two is the e-mail alone
        logged(folder, log, tracked(n, user, ANN), tracked(100 + n, "bob-5678", BOB))
    while load(folder).more:
        pass
    home.run()
    units = {r["id"]: r["unit"] for r in home.sql("SELECT id, unit FROM identifiers").to_pylist()}
    assert units["segment.user:ann-1234"] == units["segment.user:ann-5678"] != units["segment.user:bob-5678"]
    old, new = (pseudonym("email", ANN, key) for key in folder.ring.now().every[::-1])
    assert f"email_hmac:{old}" in units
    assert f"email_hmac:{new}" not in units, "one value has one name"
    (folder.lake / "manifest.json").unlink()
    home.rebuild()
    again = {r["id"]: r["unit"] for r in home.sql("SELECT id, unit FROM identifiers").to_pylist()}
    assert again == units, "also by a replay of the log"
    log.close()


def test_a_file_after_a_rotation_finds_its_people(tmp_path: Path) -> None:
    home = init(tmp_path / "home")
    for number, rotate in ((0, False), (10, True)):
        if rotate:
            home.rotate_hash_key()
        file = tmp_path / f"{number}.ndjson"
        user = f"ann-{number}"
        lines = [tracked(number + n, user, ANN, "Order Completed") for n in range(5)]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        home.add(file)
    home.run()
    assert home.sql("SELECT count(DISTINCT unit) AS n FROM orders")["n"].to_pylist() == [1]


def test_forgetting_erases_under_every_key_and_keeps_out_under_every_key(tmp_path: Path) -> None:
    home = init(tmp_path / "home")
    folder = HomeFolder.open(home.path)
    log = Log(folder.log, segment_bytes=1 << 16)
    for n in range(12):
        if n in (4, 8):
            home.rotate_hash_key()
        logged(folder, log, tracked(n, f"ann-{n}00", ANN), tracked(100 + n, "bob-5678", BOB))
    load(folder)
    home.run()
    words = [pseudonym("email", ANN, key) for key in folder.ring.now().every]
    assert all(word in everything(home.path) for word in words)
    found = home.forget(f"email:{ANN}")
    assert found.proof is not None
    assert found.proof.found == ()
    left = everything(home.path)
    for word in (*words, ANN, "ann-000", "ann-1100"):
        assert word not in left
        assert not [f for f in home.path.rglob("*") if f.is_file() and word.encode() in f.read_bytes()]
    assert "bob-5678" in left

    home.rotate_hash_key()
    logged(folder, log, tracked(50, "ann-new1", ANN), tracked(150, "bob-5678", BOB))
    load(folder)
    left = everything(home.path)
    assert "ann-new1" not in left
    assert pseudonym("email", ANN, folder.key) not in left
    home.destroy_hash_key(home.hash_keys()[-1].id)
    logged(folder, log, tracked(51, "ann-new2", ANN))
    load(folder)
    assert "ann-new2" not in everything(home.path), "marked under the later keys as well"
    log.close()


def test_links_and_unmerges_by_a_value_in_clear_work_after_a_rotation(tmp_path: Path) -> None:
    home = told(tmp_path, [shopping()], nothing)
    home.run()
    before = {r["id"]: r["unit"] for r in home.sql("SELECT id, unit FROM identifiers").to_pylist()}
    home.link("email:ann@example.com", "email:bob@example.com", reason="said before")
    home.rotate_hash_key()
    home.link("email:bob@example.com", "email:cid@example.com", reason="said after")
    home.run()
    assert len(set(home.sql("SELECT unit FROM orders")["unit"].to_pylist())) == 1
    opened = home.explain_household("email:ann@example.com")
    assert len(opened.orders) == 3
    assert home.explain_link("email:ann@example.com", "email:bob@example.com").links
    home.unmerge("email:ann@example.com", "email:bob@example.com")
    home.unmerge("email:bob@example.com", "email:cid@example.com")
    home.run()
    assert {r["id"]: r["unit"] for r in home.sql("SELECT id, unit FROM identifiers").to_pylist()} == before


def test_a_destroyed_key_says_what_it_leaves_behind(tmp_path: Path) -> None:
    parts = cut(shopping())
    home = told(tmp_path, [shopping()], nothing)
    home.run()
    assert home.rotate_hash_key() == home.hash_keys()[0].id
    old = home.hash_keys()[1]
    everybody = old.not_seen_since
    assert everybody is not None
    assert everybody > 3
    folder = HomeFolder.open(tmp_path)
    ann = [e for e in parts[-1] if "ann@" in repr(e)]
    news = Story()
    news.touch(20, home="dot", identifiers=mail("dot"))
    with folder.writing(), Lake(folder.lake).batch(RECEIVED) as batch:
        batch.admit(admit_events([*ann, *news.events], [], [], folder.ring.now()), RECEIVED)
    with pytest.raises(UnknownName, match="rotate"):
        home.destroy_hash_key(home.hash_keys()[0].id)
    dry = home.destroy_hash_key(old.id, dry_run=True)
    assert dry.left < everybody
    dot = pseudonym("email", "dot@example.com", folder.ring.now().earlier[0])
    assert dot in everything(tmp_path)
    gone = home.destroy_hash_key(old.id)
    assert (gone.left, gone.dropped) == (dry.left, 1)
    assert dot not in everything(tmp_path), "hashes with the key of those who are new are not kept"
    assert [k.current for k in home.hash_keys()] == [True]
    home.run()
    assert home.explain_household("email:ann@example.com").orders, "who came in time is found by the new key"
    with pytest.raises(UnknownName):
        home.explain_household("email:bob@example.com")
    with pytest.raises(UnknownName):
        home.forget("email:bob@example.com", dry_run=True)
    bob = pseudonym("email", "bob@example.com", folder.key)
    assert home.sql(f"SELECT * FROM identifiers WHERE id = 'email_hmac:{bob}'").num_rows == 0
    assert home.explain_household("order-bob").orders, "and nobody is lost"


def test_marks_that_are_older_than_rotation_keep_their_key(tmp_path: Path) -> None:
    home = told(tmp_path, [shopping()], nothing)
    home.run()
    home.forget("email:bob@example.com")
    marks = tmp_path / "marks.key"
    first = HomeFolder.open(tmp_path).key
    listed = json.loads((tmp_path / "forgotten.json").read_text())
    assert marks.read_bytes() != first
    # as an earlier version left it: marks made with the key of the hashes
    from hearthline.privacy import marks_of

    bob = f"email_hmac:{pseudonym('email', 'bob@example.com', first)}"
    now = datetime.now(UTC).isoformat()
    marks.unlink()
    (tmp_path / "forgotten.json").write_text(
        json.dumps({"marks": dict.fromkeys(marks_of([bob], (), first), now)})
    )
    assert listed["marks"]
    home.rotate_hash_key()
    assert marks.read_bytes() == first
    with pytest.raises(UnknownName, match="would come back"):
        home.destroy_hash_key(home.hash_keys()[-1].id)
    folder = HomeFolder.open(tmp_path)
    with folder.writing(), Lake(folder.lake).batch(RECEIVED) as batch:
        some = [e for e in shopping() if "bob@" in repr(e)]
        batch.admit(admit_events(some, [], [], folder.ring.now()), RECEIVED)
    assert batch.dropped >= len(some)


@pytest.mark.spark
def test_spark_reads_one_name_a_value_as_duckdb_does(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    from hearthline.store.spark import SparkEngine

    told(tmp_path, cut(shopping()), rotated)
    lake = Lake(tmp_path / "lake")
    duck, spark = DuckEngine(), SparkEngine(2)
    try:
        one, other = build_core(duck, lake, Settings()), build_core(spark, lake, Settings())
        for table in ("members_all", "links_found", "identifiers_found", "orders", "timelines"):
            rows = [
                sorted(map(repr, c.engine.table(f"SELECT * FROM {table}").to_pylist())) for c in (one, other)
            ]
            assert rows[0] == rows[1], table
        assert len(one.who.kept["known_moved"])
    finally:
        duck.close()
        spark.close()


def test_what_was_still_hashed_with_the_old_key_finds_its_person(tmp_path: Path) -> None:
    home = told(tmp_path, [[]], nothing)
    folder = HomeFolder.open(tmp_path)
    old = folder.ring.now()
    home.rotate_hash_key()
    early, late = shopping()[:12], shopping()[12:]
    for events, ring in ((early, folder.ring.now()), (late, old)):
        with folder.writing(), Lake(folder.lake).batch(RECEIVED) as batch:
            batch.admit(admit_events(events, [], [], ring), RECEIVED)
        home.run()
    names = home.sql("SELECT id FROM identifiers WHERE starts_with(id, 'email_hmac:')")["id"].to_pylist()
    assert len(names) == 3, "ann, bob and cid, once each"
    assert home.sql("SELECT * FROM identity_changes").num_rows == 0, "and every key stays"
    found = who_is_who(home)
    home.rebuild()
    assert who_is_who(home) == found


def test_small_files_are_merged_and_the_pairs_stay(tmp_path: Path) -> None:
    from hearthline.store.compaction import compact

    home = told(tmp_path, cut(shopping()), rotated)
    home.run()
    before = who_is_who(home)
    lake = Lake(tmp_path / "lake")
    rows = lake.rows("aliases")
    assert rows > 4
    assert compact(lake, least=2).merges == 1
    home.rebuild()
    assert who_is_who(home) == before


def test_nothing_that_a_sender_says_makes_two_values_one(tmp_path: Path) -> None:
    home = init(tmp_path / "home")
    home.rotate_hash_key()
    ann, bob = tracked(1, "ann-1", ANN), tracked(2, "bob-1", BOB)
    ann["aliases"] = [["email_hmac:a", "email_hmac:b"]]
    ann["context"] = {**ann["context"], "earlier": pseudonym("email", BOB, b"k")}  # type: ignore[dict-item] # a dict
    file = tmp_path / "said.ndjson"
    file.write_text(json.dumps(ann) + "\n" + json.dumps(bob) + "\n")
    home.add(file)
    home.run()
    units = {r["id"]: r["unit"] for r in home.sql("SELECT id, unit FROM identifiers").to_pylist()}
    assert units["segment.user:ann-1"] != units["segment.user:bob-1"]
