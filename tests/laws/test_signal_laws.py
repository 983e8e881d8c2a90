"""Laws over every signal that is discovered, on the tables that the pipeline shows it in a small town."""

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import hearthline as hl
from hearthline import signals, sim
from hearthline.pipeline import signals as running
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A run's published answer, and what each signal saw and gave back: name -> (seen, asked, made)."""
    folder, told = tmp_path_factory.mktemp("town"), {}
    sim.write_payloads("additive", 160, 70, 5, folder / "raw")
    home = hl.init(folder / "home")
    (home.path / "hearthline.toml").write_text('[attribution]\nmodels = ["last_touch"]\nreplicates = 0\n')
    home.add(folder / "raw", received=datetime(2026, 6, 1, tzinfo=UTC))
    derived_by = running.derived_by

    def watched(name, seen, asked, settings):
        made = derived_by(name, seen, asked, settings)
        told[name] = (seen, signals.asked_of(name, asked, {}), made)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "derived_by", watched)
        home.run()
    return PublishedAnswer(HomeFolder(home.path)), told


@pytest.fixture(params=signals.names())
def name(request):
    return request.param


def test_a_signal_says_what_it_tells_and_where_its_method_is_from(name):
    signal = signals.load(name)
    assert signal.TITLE.strip()
    assert len(signal.TELLS) > 40
    assert signal.PAPER.strip()
    assert signal.__doc__.splitlines()[0].endswith(".")


def test_every_column_that_a_signal_gives_back_says_what_it_is(name):
    for table, schema in signals.load(name).TABLES.items():
        if table == "derived":
            assert schema.equals(signals.DERIVED)
        else:
            assert all(f.metadata and f.metadata[b"help"] for f in schema), table


def test_no_two_signals_make_the_same_table():
    made = [table for n in signals.names() for table in signals.load(n).TABLES if table != "derived"]
    assert len(made) == len(set(made))


def test_a_signal_gives_back_the_tables_that_it_names(town, name):
    _, _, made = town[1][name]
    tables = signals.load(name).TABLES
    assert set(made) == set(tables)
    for table, rows in made.items():
        assert rows.schema.equals(tables[table], check_metadata=False), table


def test_a_signal_finds_something_in_a_town(town, name):
    assert any(rows.num_rows for rows in town[1][name][2].values())


def test_nothing_comes_of_nothing(town, name):
    seen, asked, made = town[1][name]
    empty = signals.load(name).derive({table: rows.slice(0, 0) for table, rows in seen.items()}, asked)
    for table, rows in empty.items():
        assert rows.schema.equals(made[table].schema, check_metadata=False)
    assert set(empty) == set(made)


def _shuffled(rows, seed):
    return rows.take(pa.array(np.random.default_rng(seed).permutation(rows.num_rows)))


def test_the_order_of_what_is_seen_carries_no_meaning(town, name):
    seen, asked, made = town[1][name]
    again = signals.load(name).derive({table: _shuffled(rows, 3) for table, rows in seen.items()}, asked)
    for table, rows in made.items():
        assert again[table].equals(rows), table


def test_the_same_is_derived_twice_and_what_is_seen_stays_as_it_is(town, name):
    seen, asked, made = town[1][name]
    before = {table: rows.slice(0) for table, rows in seen.items()}
    copies = {table: pa.table({n: pa.array(c.to_pylist(), c.type) for n, c in zip(r.column_names, r.columns, strict=True)})
              for table, r in seen.items()}  # fmt: skip
    again = signals.load(name).derive(seen, asked)
    for table, rows in made.items():
        assert again[table].equals(rows), table
    for table, rows in copies.items():
        assert before[table].equals(rows), table


def test_every_household_that_a_signal_names_is_one(town, name):
    answer, told = town
    homes = set(answer.table("SELECT unit FROM households")["unit"].to_pylist())
    for table, rows in told[name][2].items():
        if "unit" in rows.column_names:
            assert set(rows["unit"].to_pylist()) <= homes | {None}, table


def test_every_table_stands_in_the_answer(town, name):
    answer, told = town
    for table, rows in told[name][2].items():
        if table != "derived":
            assert answer.table(f"SELECT count(*) AS n FROM {table}")["n"][0].as_py() == rows.num_rows
    about = {r["signal"]: r["rows"] for r in answer.table("SELECT * FROM signals").to_pylist()}
    assert about[name] == sum(rows.num_rows for rows in told[name][2].values())


def test_a_derived_event_says_who_derived_it_and_its_id_is_its_own(town):
    derived = [r for _, _, made in town[1].values() if "derived" in made for r in made["derived"].to_pylist()]
    ids = [(r["source"], r["id"]) for r in derived]
    assert len(ids) == len(set(ids))
    for row in derived:
        assert re.fullmatch(r"derived\.\w+\.\w+", row["type"])
        assert row["source"].removeprefix("//hearthline/signals/") in signals.names()
        assert row["layer"] == "derived"


def test_every_signal_is_in_the_docs_and_the_docs_name_no_other(name):
    told = (DOCS / "signals.md").read_text()
    parts = re.findall(r"^## `(\w+)`", told, re.MULTILINE)
    assert sorted(parts) == list(signals.names())
    part = told[told.index(f"## `{name}`") :].split("\n## ")[0]
    assert " ".join(signals.load(name).TELLS.split()) in " ".join(part.split())


def test_what_a_signal_needs_is_made_before_it():
    done = []
    for name in signals.in_order():
        for table in signals.load(name).NEEDS:
            assert signals.makers()[table] in done
        done.append(name)
    assert sorted(done) == list(signals.names())
