"""Events by column are the same events, however they are cut into parts, in memory and as bytes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.privacy.frames import Told, frame_of, told_in
from hearthline.schema.arrow import EVENTS, Gathering, events_table, identities_table
from hearthline.schema.columns import GROUPS, Columns, columns_of, events_of, opened, selected
from hearthline.schema.event import Commerce, Event, Hint, Identifier, Intent, Product, Touch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_words = st.sampled_from(["", "a", "b", "é"])
_maybe = st.none() | _words
_money = st.none() | st.sampled_from([Decimal("1.5"), Decimal("1.50"), Decimal(-3)])
_products = st.lists(st.builds(Product, sku=_maybe, price=_money), max_size=2)
_shared = [Touch(channel="tv"), Touch(channel="tv", click_ids={"a": "b"}), Touch()]

events = st.builds(
    Event,
    id=_words,
    source=_words,
    type=_words,
    time=st.builds(lambda s: NOW + timedelta(seconds=s), st.integers(0, 2)),
    layer=st.sampled_from(["media", "device"]),
    time_received=st.none() | st.just(NOW),
    tz_offset_min=st.none() | st.integers(0, 1),
    person_confidence=st.none() | st.sampled_from([0.0, 1.0]),
    identifiers=st.lists(st.builds(Identifier, namespace=_words, value=_words), max_size=2).map(tuple),
    household_hints=st.lists(st.builds(Hint, kind=_words, value=_words), max_size=1).map(tuple),
    intent=st.builds(Intent, slots=st.none() | st.dictionaries(_words, _words, max_size=1)),
    touch=st.sampled_from(_shared) | st.builds(Touch, channel=_maybe),
    commerce=st.builds(Commerce, total=_money, products=st.none() | _products),
)
parts = st.lists(st.lists(events, max_size=4), max_size=4)


def flat(told: Sequence[Sequence[Event]]) -> list[Event]:
    return [e for part in told for e in part]


def through_bytes(told: Sequence[Event]) -> Columns:
    return told_in(frame_of(Told(columns_of(told)))).columns


@given(parts)
def test_events_come_back_from_columns_and_from_bytes(told: list[list[Event]]) -> None:
    for part in told:
        assert events_of(columns_of(part)) == part
        assert events_of(through_bytes(part)) == part


@settings(max_examples=60)
@given(parts, st.booleans())
def test_parts_together_are_the_table_of_all_their_events(told: list[list[Event]], spelled: bool) -> None:
    gathering = Gathering()
    for part in told:
        gathering.add(through_bytes(part) if spelled else columns_of(part))
    found, named = gathering.tables()
    found.validate(full=True)
    alone = [events_table([e]) for e in flat(told)]  # a table of one event shares nothing
    wanted = pa.concat_tables(alone) if alone else EVENTS.empty_table()
    assert found.to_pylist() == wanted.to_pylist()
    assert found.schema == EVENTS
    assert named.to_pylist() == identities_table(flat(told)).to_pylist()


@given(st.lists(events, max_size=5), st.data())
def test_what_is_taken_out_is_gone_and_the_rest_as_it_was(told: list[Event], data: Any) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(told), max_size=len(told)))
    left = [e for e, stays in zip(told, kept, strict=True) if stays]
    columns = selected(opened(through_bytes(told)), kept)
    assert events_of(columns) == left
    # groups of an event that is gone are gone too, and the frame fits into its place
    assert all(len(columns.values.get(name, ())) <= max(1, len(left)) for name in GROUPS)
    body = frame_of(Told(columns_of(told)))
    again = frame_of(Told(columns), len(body))
    assert len(again) == len(body) or len(again) <= len(body) - 100
    assert events_of(told_in(again).columns) == left


def test_groups_that_events_share_stand_in_a_frame_once() -> None:
    shared = Touch(channel="search-ads", campaign="spring")
    base: dict[str, Any] = {"source": "//a", "type": "a.b.c", "time": NOW, "layer": "media"}
    told = [Event(id=str(i), touch=shared if i % 2 else Touch(), **base) for i in range(100)]
    body = frame_of(Told(columns_of(told)))
    assert body.count(b"search-ads") == body.count(b"media") == 1
    assert len(body) < len(msgspec.msgpack.encode(told)) / 5


@pytest.mark.parametrize(
    "columns",
    [
        Columns(2, {"id": ["a", "b", "c"]}, {}),
        Columns(2, {"touch": [Touch(channel="a"), Touch(channel="b"), Touch(channel="c")]}, {}),
        Columns(2, {"touch": [Touch(channel="a"), Touch(channel="b")]}, {"touch": b"\0\0\0\0"}),
        Columns(2, {"touch": [Touch(channel="a"), Touch(channel="b")]}, {"touch": b"\0\0\0\0\2\0\0\0"}),
    ],
)
def test_columns_that_contradict_themselves_are_refused_and_add_nothing(columns: Columns) -> None:
    gathering = Gathering()
    good = Event(id="g", source="//a", type="a.b.c", time=NOW, layer="media")
    with pytest.raises(ValueError, match="columns:"):
        gathering.add(columns)
    gathering.add(columns_of([good]))
    assert gathering.tables()[0]["id"].to_pylist() == ["g"]
