"""Nobody is left in what is kept: also in keys, in broken text, and however long it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearthline.privacy import mask
from hearthline.privacy.mask import mask_broken, mask_text
from hearthline.privacy.pseudonym import pseudonym

KEY = b"k" * 32


@pytest.mark.parametrize(
    "text",
    [
        '{"email": "ann@example.com", "firstName": "Ann"',
        '{"first_name": "Ann", "phone": "+49 30 1234567", }',
        "email=ann%40example.com&x=1",
        '[{"address1": "Ann Street 1", "ip": "203.0.113.9"}',
        '{"note": "call Ann", "email" : "Ann@example.com',
        '{"total": 1, "phone": "+49 30 12345',
    ],
)
def test_text_that_is_no_json_is_masked_too(text: str) -> None:
    masked = mask_broken(text, KEY)
    assert "hmac:" in masked
    for personal in ("ann@", "ann%40", "Ann@", "+49 30", "Ann Street", "203.0.113.9", '"Ann"'):
        assert personal not in masked


def test_secrets_in_broken_text_are_cut() -> None:
    assert mask_broken('{"writeKey": "hl_w_1", "access_token":"t", ', KEY) == (
        '{"writeKey": "cut", "access_token":"cut", '
    )


def test_a_person_in_a_key_is_masked() -> None:
    masked = mask({"ann@example.com": {"seen": 1}, "203.0.113.9": 2}, KEY)
    assert not any("ann" in key or "203" in key for key in masked)
    assert list(masked.values()) == [{"seen": 1}, 2]


def test_an_address_in_a_url_is_masked_however_short_the_url() -> None:
    told = {
        "url": "https://shop.test/?e=ann%40example.com",
        "list": ["e=ann%40example.com"],
        "ann%40b.test": 1,
    }
    assert "ann" not in str(mask(told, KEY))


def test_the_same_address_has_the_same_mask_wherever_it_stands() -> None:
    inside = mask_text("write to Ann@example.com, or ann%40example.com!", KEY)
    hashes = {word.strip(",!") for word in inside.split() if word.startswith("hmac:")}
    assert hashes == {mask({"email": "ann@example.com"}, KEY)["email"]}


@pytest.mark.parametrize(
    "text", ["@" + "a" * 300_000, "a@" * 150_000, "a@b." * 75_000, "%40" * 100_000, "1." * 150_000]
)
def test_a_long_hostile_text_is_masked_like_any_other(text: str) -> None:
    assert isinstance(mask_text(text, KEY), str)


def test_values_that_the_source_named_are_masked_wherever_they_stand() -> None:
    masked = mask({"a": ["user-7", {"b": "user-7", "c": "user-8"}]}, KEY, known={"user-7"})
    assert "user-7" not in str(masked)
    assert masked["a"][1]["c"] == "user-8"


NAMES = st.sampled_from(["email", "ip", "authToken", "note", "customer", "name", "a.b@c.test", "traits", "x"])
TEXTS = st.sampled_from(["", "Ann", "ann@b.test", "e=ann%40b.test", "10.1.2.3", "1.2.3", "v 1.2.3.4.5", "é"])
VALUES = st.recursive(
    TEXTS | st.integers(0, 3) | st.none() | st.booleans() | st.just(1.5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(NAMES, inside, max_size=4),
    max_leaves=15,
)
SECRET, PERSONAL = ("authToken",), ("email", "ip")


def plainly(value: Any, name: str, inside: str, known: frozenset[str]) -> Any:
    """Mask by the definition, without any short cut."""
    if isinstance(value, dict):
        return {mask_text(n, KEY): plainly(v, n, name, known) for n, v in value.items()}
    if isinstance(value, list):
        return [plainly(v, name, inside, known) for v in value]
    if value is None or value == "" or isinstance(value, bool):
        return value
    personal = name in PERSONAL or (name == "name" and inside in ("customer", "traits"))
    if isinstance(value, str):
        if name in SECRET:
            return "cut"
        hidden = personal or value in known
        return "hmac:" + pseudonym(name, value, KEY) if hidden else mask_text(value, KEY)
    return "hmac:" + pseudonym(name, str(value), KEY) if personal else value


@given(VALUES, st.frozensets(TEXTS.filter(bool), max_size=2))
def test_no_short_cut_leaves_anybody(value: Any, known: frozenset[str]) -> None:
    wanted = plainly(value, "", "", known)
    assert mask(value, KEY, known=known) == wanted
    if "@" not in str(value) and "%40" not in str(value):
        assert mask(value, KEY, known=known, addressed=False) == wanted


def test_many_shapes_of_objects_are_masked_like_the_first() -> None:
    for number in range(5000):
        told = {f"k{number}": "Ann", "email": "Ann", f"c{number}": {"firstName": "Ann"}}
        masked = mask(told, KEY)
        assert masked[f"k{number}"] == "Ann"
        assert "Ann" not in (masked["email"], masked[f"c{number}"]["firstName"])
