"""One definition of the event, two forms: a typed noun and the lake's columns."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearthline.schema.arrow import EVENTS, MONEY, events_table, identities_table, identity_key
from hearthline.schema.event import Commerce, Event, Group, Hint, Identifier, Intent, Product, derived_id
from hearthline.schema.journey import journeys_of

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def event(**fields: object) -> Event:
    return Event(
        **{"id": "1", "source": "//a/b", "type": "a.b.c", "time": NOW, "layer": "commerce", **fields}
    )


def test_every_scalar_field_of_every_group_is_a_column() -> None:
    for field in msgspec.structs.fields(Event):
        if isinstance(field.type, type) and issubclass(field.type, Group):
            for inner in field.type.__struct_fields__:
                assert f"{field.name}_{inner}" in EVENTS.names
        elif field.name not in ("identifiers", "household_hints"):
            assert field.name in EVENTS.names


def test_money_is_decimal_and_times_are_utc_microseconds_everywhere() -> None:
    for name in ("commerce_total", "commerce_revenue", "commerce_tax"):
        assert EVENTS.field(name).type == MONEY
    times = [f for f in EVENTS if pa.types.is_timestamp(f.type)]
    assert {f.type for f in times} == {pa.timestamp("us", tz="UTC")}
    assert not [f for f in EVENTS if pa.types.is_floating(f.type) and f.name.startswith("commerce")]


def test_an_event_survives_the_way_into_the_table() -> None:
    commerce = Commerce(
        total=Decimal("12.3456"), currency="EUR", products=[Product(sku="a", price=Decimal("1.5"))]
    )
    row = events_table([event(commerce=commerce, intent=Intent(slots={"a": "b"}))]).to_pylist()[0]
    assert row["time"] == NOW
    assert row["commerce_total"] == Decimal("12.3456")
    assert row["commerce_products"][0]["price"] == Decimal("1.5000")
    assert row["intent_slots"] == [("a", "b")]
    assert row["initiator_kind"] == "unknown"


def test_the_names_of_an_event_are_kept_once_per_combination() -> None:
    who = (Identifier(namespace="device", value="d"),)
    events = [event(id=str(i), identifiers=who) for i in range(3)]
    assert identities_table(events).num_rows == 1
    assert set(events_table(events)["identity"].to_pylist()) == {identity_key(who, ())}


text = st.text(max_size=8)
identifiers = st.lists(st.builds(Identifier, namespace=text, value=text), max_size=4)
hints = st.lists(st.builds(Hint, kind=text, value=text), max_size=3)


@given(identifiers, hints, st.randoms())
def test_an_identity_key_does_not_depend_on_order_and_is_zero_for_nobody(ids, around, random) -> None:
    shuffled = random.sample(ids, len(ids))
    assert identity_key(ids, around) == identity_key(shuffled, around)
    assert (identity_key(ids, around) == 0) == (not ids and not around)


def test_an_identifier_and_a_hint_of_the_same_name_are_told_apart() -> None:
    as_id = identity_key([Identifier(namespace="home", value="1")], [])
    assert as_id != identity_key([], [Hint(kind="home", value="1")])


def test_an_id_is_derived_from_the_bytes_the_platform_and_the_place() -> None:
    made = {derived_id("a", b"x"), derived_id("b", b"x"), derived_id("a", b"y"), derived_id("a", b"x", 1)}
    assert len(made) == 4


def test_an_unknown_layer_is_refused_when_json_becomes_an_event() -> None:
    good = msgspec.json.encode(event())
    with pytest.raises(msgspec.ValidationError, match="layer"):
        msgspec.json.decode(good.replace(b'"commerce"', b'"nowhere"'), type=Event)


def test_touches_beyond_the_look_back_are_counted_not_forgotten() -> None:
    journeys = journeys_of([(0, 1, 0)], gap_h=[(900.0, 800.0, 5.0)])
    inside = journeys.within_lookback()
    assert inside.channel.tolist() == [0]
    assert inside.expired.toarray().tolist() == [[1.0, 1.0]]
    assert inside.within_lookback().expired.toarray().tolist() == [[1.0, 1.0]]


def test_journeys_can_be_taken_in_any_order_and_more_than_once() -> None:
    journeys = journeys_of([(0,), (1, 2), ()])
    taken = journeys.take(journeys.offsets[:0].astype(int))
    assert taken.n == 0
    again = journeys.take(pa.array([1, 1, 2]).to_numpy())
    assert again.channel.tolist() == [1, 2, 1, 2]
    assert again.lengths.tolist() == [2, 2, 0]
