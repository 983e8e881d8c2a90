"""A user opens a household of the demo, sees who and why, takes a wrong link back, and sees what moves."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.pipeline.test_who_is_who import units

import hearthline as hl

Called = Callable[..., Any]
SHARED = """SELECT a.unit FROM order_actors a JOIN households h USING (unit)
    WHERE a.basis = 'estimated' AND h.persons > 1 GROUP BY a.unit ORDER BY count(DISTINCT a.order_id) DESC, a.unit"""
WHOLE = "SELECT sum(net) AS net, count(*) AS n FROM orders WHERE status = 'placed'"


def plain(rows: pa.Table) -> list[dict[str, Any]]:
    """Return rows without what remembers that something was said."""
    kept = [c for c in rows.column_names if c not in ("unit_before", "person_before")]
    return [r for r in rows.select(kept).to_pylist() if r.get("rule") != "by hand"]


def login_of(home: hl.Home, unit: int) -> str:
    sql = "SELECT min(id) AS id FROM identifiers WHERE names = 'person' AND NOT contains(id, '_hmac')"
    login: str = home.sql(f"{sql} AND unit = {unit}")["id"][0].as_py()
    return login


@pytest.fixture(scope="module")
def home(town: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> hl.Home:
    """The demo's town, in a copy that may be changed."""
    folder = tmp_path_factory.mktemp("walk") / "town"
    shutil.copytree(town[0], folder)
    return hl.open_home(folder)


def test_the_shared_speakers_orders_are_split_among_its_members(called: Called, home: hl.Home) -> None:
    unit = home.sql(SHARED)["unit"][0].as_py()
    opened = home.explain_household(str(unit))
    assert len(opened.persons) > 1
    spoken = [o for o in opened.orders if any(a["basis"] == "estimated" for a in o["actors"])]
    assert spoken
    for order in spoken:
        assert sum(a["probability"] for a in order["actors"]) == pytest.approx(1)
        assert len(order["actors"]) > 1
    assert opened.links
    assert all(k["rule"] and k["valid_from"] and 0 < k["sure"] < 1 for k in opened.links)
    said = called("explain", "household", str(unit), "--home", home.path)
    assert said.code == 0
    for words in ("Who placed its orders", "at stake", "sure", "since", "%"):
        assert words in said.out


def test_a_wrong_link_is_taken_back_and_put_back_and_the_numbers_say_what_moved(
    called: Called, home: hl.Home
) -> None:
    home.run()
    prints = {
        t: home.sql(f"SELECT * FROM {t} ORDER BY ALL") for t in ("identifiers", "orders", "shares", "links")
    }
    before, whole = units(home), home.sql(WHOLE).to_pylist()
    one = home.sql(SHARED)["unit"][0].as_py()
    other = home.sql(
        f"SELECT unit FROM orders WHERE unit <> {one} AND kind = 'person' ORDER BY net DESC, unit LIMIT 1"
    )
    logins = [login_of(home, one), login_of(home, other["unit"][0].as_py())]
    wrong = called("link", *logins, "--reason", "a typing error", "--run", "--home", home.path)
    assert wrong.code == 0
    assert "households" in wrong.out
    joined = units(home)
    assert joined[logins[0]] == joined[logins[1]]

    opened = home.explain_household(logins[0])
    (link,) = [k for k in opened.links if k["rule"] == "by hand"]
    assert link["at_stake"] > 0, "what would move if it were wrong"
    back = called("unmerge", link["link"], "--reason", "not theirs", "--run", "--home", home.path)
    assert back.code == 0
    changed = {line.split("  ")[0].strip() for line in back.out.splitlines()}
    assert "households" in changed
    assert any(name.startswith(f"home of {logins[0]}") for name in changed)
    for name in ("orders", "net revenue"):
        assert name not in changed, "the shop's totals do not depend on who lives where"
        assert name in back.err.partition("unchanged:")[2]
    assert home.sql(WHOLE).to_pylist() == whole
    assert units(home) == before, "every household has its key again"
    for table, was in prints.items():
        now = home.sql(f"SELECT * FROM {table} ORDER BY ALL")
        assert plain(now) == plain(was), table
    told = home.sql("SELECT DISTINCT kind FROM identity_changes")["kind"].to_pylist()
    assert set(told) == {"merged", "split"}


def test_a_link_that_events_show_is_taken_back_and_comes_again_exactly(called: Called, home: hl.Home) -> None:
    unit = home.sql(SHARED)["unit"][0].as_py()
    before = units(home)
    opened = home.explain_household(str(unit))
    link = max((k for k in opened.links if k["at_stake"]), key=lambda k: k["at_stake"])
    same = [k for k in opened.links if {k["left_id"], k["right_id"]} == {link["left_id"], link["right_id"]}]
    assert called("unmerge", link["link"], "--run", "--home", home.path).code == 0
    parted = units(home)
    assert parted[link["left_id"]] != parted[link["right_id"]]
    gone = home.sql(f"SELECT state FROM links WHERE link = '{link['link']}'")["state"].to_pylist()
    assert gone == ["taken back"]
    assert same
    again = called("unmerge", link["link"], "--undo", "--run", "--home", home.path)
    assert again.code == 0
    assert units(home) == before


def test_two_logins_of_one_person_are_joined_by_who_knows_better(called: Called, home: hl.Home) -> None:
    sql = """SELECT min(id) AS one, max(id) AS other FROM identifiers WHERE starts_with(id, 'shopify.customer:')
        GROUP BY unit HAVING count(*) > 1 ORDER BY unit LIMIT 1"""
    rows = home.sql(sql).to_pylist()
    if not rows:
        pytest.skip("no home of this town has two shop logins")
    one, other = rows[0]["one"], rows[0]["other"]
    said = called("link", one, other, "--level", "person", "--run", "--home", home.path)
    assert said.code == 0
    assert "never joined by what events show" in said.err
    persons = home.sql(f"SELECT DISTINCT person FROM identifiers WHERE id IN ('{one}', '{other}')")
    assert persons.num_rows == 1
    (note,) = home.sql("SELECT note FROM links WHERE kind = 'said_same' AND contains(note, 'two logins')")[
        "note"
    ].to_pylist()
    assert "one person" in note
    listed = json.loads(called("explain", "link", one, other, "--home", home.path, "--json").out)
    assert listed["links"]
