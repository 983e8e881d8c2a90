"""What a lazy decoder would let pass, refused at the door; the rest of a batch goes in."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.schema.errors import BadPayload
from hearthline.server.strict import MOST_LEVELS, strictly

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": 1e999}', "not-json"),
        (b'{"a": NaN}', "not-json"),
        (b'{"a": Infinity}', "not-json"),
        (b'{"a": "\\ud800"}', "not-json"),
        (b'{"a": "\xff"}', "not-json"),
        (b'{"a": "\\u0000"}', "bad-value"),
        (b'{"\\u0000": 1}', "bad-value"),
        (b'{"a": "\\\\\\u0000"}', "bad-value"),
        (b'{"a": 1, "a": 2}', "bad-value"),
        (b'{"a" :1, "a":"\\u0022:"}', "bad-value"),
        (b'{"a": {"b": 1, "b" : ":,"}}', "bad-value"),
        (b'{"a": 1, "a": 2, "": [{"b": 1}]}', "bad-value"),
        (b'{"a": 1, "a": 2, "b": "\\u0022\\u0022"}', "bad-value"),
        (b'{"a": "x", "a": 2, "b": "\\u0022\\u0022\\u0022\\u0022"}', "bad-value"),
        (b'{"x": "]]]", "a": ' + b'["]",' * 65 + b"1" + b"]" * 65 + b"}", "not-json"),
        (b'{"x": "[", "y": "]", "a": ' + b"[" * 64 + b"1" + b"]" * 64 + b"}", "not-json"),
        (b'{"a": ' + b"9" * 400 + b"}", "bad-value"),
        (b'{"a": ' + b"9" * 39 + b"}", "bad-value"),
        (b'{"a": -' + b"9" * 5000 + b"}", "not-json"),
        (b"[" * 65 + b"]" * 65, "not-json"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "not-json"),
        (b"[" * 10_000 + b"]" * 10_000, "not-json"),
        (b"[" * 1_000_000, "not-json"),
        (b"", "not-json"),
        (b"\xef\xbb\xbf{}", "not-json"),
        (b'{"a": 1} {"b": 2}', "not-json"),
        (b"{'a': 1}", "not-json"),
    ],
)
def test_what_could_break_the_loader_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(BadPayload) as refusal:
        strictly(body, "acme")
    assert refusal.value.reason == reason
    assert str(refusal.value).startswith("acme")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MOST_LEVELS + b"]" * MOST_LEVELS,
        b"[" * (MOST_LEVELS - 1) + b"{}" + b"]" * (MOST_LEVELS - 1),
        b'{"a": ' + b"9" * 38 + b"}",
        b'{"a": "' + b"9" * 400 + b'"}',
        b'{"a": "\\\\u0000"}',
        b'{"a": "]]]}}}", "b": "[[["}',
        b'{"a": "' + b"[" * 400 + b'"}',
        b'{"b": "\\u0022\\u0022", "a": [' + b'{"c": "{"},' * 80 + b"1]}",
        b"[" + b'{"a": [1]},' * 80 + b'{"b": "\\"["}]',
        b'{"a": "' + b"1" * 20 + b'", "b": "' + b"2" * 30 + b'"}',
        b'{"a": "\\"a\\": 1, \\"a\\": 2"}',
        b'{"a\\\\": 1, "b": ":"}',
        b'\n{ "a" : 1 ,\t"b" : [ ] }\r\n',
    ],
)
def test_what_only_looks_bad_passes(body: bytes) -> None:
    strict = strictly(body, "acme")
    assert strict.value == json.loads(body)
    assert strict.refused == []


def test_only_the_bad_items_of_a_batch_are_refused() -> None:
    body = b'{"sentAt": "x", "batch": [{"a": "\\u0000"}, {"a": 1}, {"b": [1, {"c": 2, "c": 3}]}, {"d": 4}]}'
    strict = strictly(body, "segment")
    assert strict.value == {"sentAt": "x", "batch": [{"a": 1}, {"d": 4}]}
    assert [str(r).split(";")[0] for r in strict.refused] == [
        "segment.batch[0].a: the character NUL in a text",
        "segment.batch[2].b[1]: a key given twice",
    ]
    assert strict.text == msgspec.json.encode(strict.value)


def test_a_batch_of_nothing_but_bad_items_is_refused_whole() -> None:
    with pytest.raises(BadPayload, match="NUL"):
        strictly(b'[{"a": "\\u0000"}]', "acme")


def test_what_lies_beside_the_batch_refuses_all_of_it() -> None:
    with pytest.raises(BadPayload, match="twice"):
        strictly(b'{"a": 1, "a": 2, "batch": [{"b": 1}]}', "acme")


def test_the_longest_list_is_counted_where_a_batch_may_lie() -> None:
    many = [1] * 3000
    assert strictly(json.dumps(many).encode(), "a").items == 3000
    assert strictly(json.dumps({"batch": many}).encode(), "a").items == 3000
    assert strictly(json.dumps({"data": {"events": many}}).encode(), "a").items == 3000


@settings(max_examples=300, deadline=None)
@given(value=JSON, indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
def test_every_decent_value_passes_unchanged(value: object, indent: int | None, ascii_only: bool) -> None:
    strict = strictly(json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(), "acme")
    assert strict.value == value
    assert msgspec.json.decode(strict.text) == value


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=60) | st.text(st.sampled_from('{}[]":,\\u0 1e9a'), max_size=40).map(str.encode)
)
def test_any_bytes_pass_or_are_refused_and_nothing_else(body: bytes) -> None:
    try:
        strict = strictly(body, "acme")
    except BadPayload:
        return
    assert json.loads(body) == strict.value or strict.refused
