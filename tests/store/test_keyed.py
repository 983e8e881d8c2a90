"""An event's two keys are the same whether a column at a time or SQL makes them."""

from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.schema.arrow import EVENTS, events_table
from hearthline.schema.event import Event, Touch
from hearthline.store.keyed import CONTEXT, KEYED_SQL, KINDS_SQL, keyed

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_words = st.sampled_from(["", "a", "b", "é", "\x1f", "\x1e", "\x1e1"])
events = st.builds(
    Event,
    id=_words | st.text(max_size=5),
    source=_words,
    type=_words,
    time=st.just(NOW),
    layer=st.sampled_from(["media", "device"]),
    touch=st.builds(Touch, channel=st.none() | _words, campaign=st.none() | _words),
)


def in_sql(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    with duckdb.connect() as con:
        con.register("batch", table)
        con.execute(f"CREATE TEMP TABLE kinds AS {KINDS_SQL}")
        columns = ", ".join(("context", *CONTEXT))
        told = con.sql(KEYED_SQL).to_arrow_table()
        return told, con.sql(f"SELECT DISTINCT ON (context) {columns} FROM kinds").to_arrow_table()


def in_order(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=repr)


def hashes(contexts: pa.Table) -> list[int]:
    return sorted(contexts["context"].to_pylist())


@settings(max_examples=60, deadline=None)
@given(st.lists(events, max_size=12))
def test_keys_are_those_that_sql_makes(told: list[Event]) -> None:
    table = events_table(told) if told else EVENTS.empty_table()
    (here, contexts), (there, wanted) = keyed(table), in_sql(table)
    assert in_order(here) == in_order(there.select(here.column_names))
    assert hashes(contexts) == hashes(wanted)
    known = {row["context"]: {k: v or "" for k, v in row.items()} for row in contexts.to_pylist()}
    for row in here.to_pylist():
        assert {c: known[row["context"]][c] for c in CONTEXT} == {c: row[c] or "" for c in CONTEXT}


def test_a_text_that_holds_the_separator_is_no_other_text() -> None:
    told = [
        Event(id=i, source=s, type="t", time=NOW, layer="media", touch=Touch(channel=c, campaign=g))
        for s, i, c, g in [
            ("a\x1fb", "c", "\x1f", ""),
            ("a", "b\x1fc", "", "\x1f"),
            ("a\x1e1b", "c", "\x1e1", None),
            ("a", "b\x1e1c", None, "\x1e1"),
        ]
    ]
    found, contexts = keyed(events_table(told))
    assert len(set(found["key"].to_pylist())) == len(set(contexts["context"].to_pylist())) == 4


def test_events_keep_their_order_and_only_gain_columns() -> None:
    told = [Event(id=f"e{i}", source="//a", type="a.b.c", time=NOW, layer="media") for i in range(300)]
    table = events_table(told)
    found, contexts = keyed(table)
    assert found.drop_columns(["key", "context"]).equals(table)
    assert contexts.num_rows == 1
    assert len(set(found["key"].to_pylist())) == 300
