"""Frames of the log: the first form is still read, and what is taken out leaves room or fills its place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hearthline.privacy import Forgotten, admitted_frame, admitted_of, cleaned_frame, marks_of
from hearthline.privacy.frames import Told, frame_of
from hearthline.schema.columns import Columns, columns_of
from hearthline.schema.event import Event, Identifier
from hearthline.store.log.frames import FRONT

KEY = b"k" * 32
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANN = Forgotten(dict.fromkeys(marks_of(["customer:ann"], [], KEY), NOW + timedelta(days=1)), KEY)


def event(number: int, who: str, **fields: Any) -> Event:
    named = (Identifier(namespace="customer", value=who),)
    base = {"source": "//a/b", "type": "a.b.c", "time": NOW, "layer": "commerce", "time_received": NOW}
    return Event(id=str(number), identifiers=named, **{**base, **fields})


def first_form(*events: Event) -> bytes:
    return msgspec.msgpack.encode([list(events), [], []])


def second_form(*events: Event) -> bytes:
    return admitted_frame(events, [], [], KEY, NOW)


@pytest.mark.parametrize("form", [first_form, second_form])
def test_who_is_forgotten_is_taken_out_of_a_frame_that_stays_in_its_place(form: Any) -> None:
    told = [event(1, "ann"), event(2, "bob"), event(3, "ann"), event(4, "cid")]
    frame = form(*told)
    cleaned = cleaned_frame(frame, ANN)
    assert cleaned is not None
    assert b"ann" not in cleaned
    assert len(cleaned) == len(frame) or len(cleaned) + FRONT <= len(frame)
    assert admitted_of([cleaned]).events["id"].to_pylist() == ["2", "4"]
    assert cleaned_frame(cleaned, ANN) is None


def test_a_little_that_is_gone_is_filled_up() -> None:
    frame = second_form(event(1, "ann", time=NOW), event(2, "ann", time=NOW + timedelta(days=2)))
    identity = admitted_of([frame]).events["identity"][0].as_py()
    until = Forgotten(dict.fromkeys(marks_of([], [identity], KEY), NOW + timedelta(days=1)), KEY)
    cleaned = cleaned_frame(frame, until)
    assert cleaned is not None
    assert len(cleaned) == len(frame)
    assert admitted_of([cleaned]).events["id"].to_pylist() == ["2"]


@pytest.mark.parametrize(
    "columns",
    [
        Columns(1 << 40, columns_of([event(1, "ann")]).values, {}),
        Columns(-1, columns_of([event(1, "ann")]).values, {}),
        Columns(1, {"id": ["1"]}, {}),
        Columns(3, {**columns_of([event(1, "ann")]).values, "id": ["1", "2"]}, {}),
    ],
)
def test_a_frame_that_contradicts_itself_is_a_reject(columns: Columns) -> None:
    found = admitted_of([frame_of(Told(columns)), second_form(event(2, "bob"))])
    assert [r.reason for r in found.rejects] == ["damaged-frame"]
    assert found.events["id"].to_pylist() == ["2"]
