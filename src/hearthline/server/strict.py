"""JSON decoded whole and strictly: what passes here breaks nothing behind the door.

Beside what no decoder takes (bad UTF-8, lone surrogates, NaN, 1e999) these are refused: the character NUL,
integers of more than 38 digits, keys given twice, more than 64 levels. In a batch only the items that hold
such a thing are refused. A good body is told by counting: one with a key given twice has more quotes before
decoding than after. What looks bad is counted again outside of its strings; only what still does is walked.
"""

import json
from typing import Any, NamedTuple

import msgspec

from hearthline.schema.errors import BadPayload

__all__ = ["MOST_DIGITS", "MOST_LEVELS", "Strict", "strictly"]

MOST_LEVELS = 64
MOST_DIGITS = 38
_NOT_JSON = "not-json"
_SHORT = 2_000  # bytes: no list in it has a thousand items
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * (MOST_DIGITS + 1)
_NO_BRACKETS = bytes(c for c in range(256) if chr(c) not in "[]{}")
_NO_BONES = bytes(c for c in range(256) if chr(c) not in '[]{}"0123456789')


class Strict(NamedTuple):
    """A decoded body without what was refused of it, and as compact JSON.

    `items` is the length of its longest list, among those at the top and up to two keys below (0: short).
    """

    value: Any
    text: bytes
    refused: list[BadPayload]
    items: int


class _Repeated(dict[str, Any]):
    """An object that had a key twice."""


class _Huge(int):
    """An integer with too many digits; its value is gone."""


def strictly(body: bytes, place: str) -> Strict:
    r"""Return the decoded body, and a refusal for each item of a batch that may not pass.

    Raises:
        BadPayload: the body is no JSON, or what may not pass does not lie in an item of a batch.

    >>> found = strictly(b'{"batch": [{"a": 1}, {"a": "\\u0000"}]}', "acme")
    >>> found.text, str(found.refused[0])
    (b'{"batch":[{"a":1}]}', 'acme.batch[1].a: the character NUL in a text; leave it out')
    """
    try:
        value = msgspec.json.decode(body)
        text = msgspec.json.encode(value)
    except (ValueError, RecursionError) as error:  # ValueError: msgspec's, UTF-8's, int's
        told = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadPayload(place, f"not JSON; {told}", "send strict JSON in UTF-8", _NOT_JSON) from None
    bones = text.translate(_DIGITS_ALIKE, _NO_BONES)
    brackets = text.count(b"{") + text.count(b"[")
    if brackets > MOST_LEVELS and _levels(_brackets(text, bones)) > MOST_LEVELS:
        wrong = f"nested too deeply; more than {MOST_LEVELS} levels"
        raise BadPayload(place, wrong, "send flatter objects", _NOT_JSON)
    sure = (
        b"\\u0000" not in text
        and (_as_many_quotes(body, text) or _as_many_colons(body, text))
        and (_LONG not in bones or _LONG not in _outside_strings(text).translate(_DIGITS_ALIKE))
    )
    items = _longest(value) if len(text) > _SHORT else 0
    return Strict(value, text, [], items) if sure else _sifted(body, place, items)


def _as_many_quotes(body: bytes, text: bytes) -> bool:
    """Return whether surely no key was given twice: decoding dropped no string, so no quote is gone.

    A quote that the body spells as a number would make up for one that is gone.
    """
    return body.count(b'"') == text.count(b'"') and b"\\u0022" not in body


def _as_many_colons(body: bytes, text: bytes) -> bool:
    return _outside_strings(body).count(b":") == _outside_strings(text).count(b":")


def _outside_strings(text: bytes) -> bytes:
    """Return valid JSON without its strings: their quotes are the only ones once escapes are gone."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(text.split(b'"')[::2])


def _brackets(text: bytes, bones: bytes) -> bytes:
    """Return the brackets outside of strings; `bones` are the text's quotes, brackets and digits.

    A string without brackets leaves a pair of quotes. One with a bracket leaves an odd quote before it, and
    so does not vanish with the pairs.
    """
    left = bones.translate(None, b"0").replace(b'""', b"")
    plain = b'"' not in left and b"\\" not in text
    return left if plain else _outside_strings(text).translate(None, _NO_BRACKETS)


def _levels(brackets: bytes) -> int:
    """Return how deep brackets nest, at least up to one more than the limit."""
    levels = 0
    while brackets and levels <= MOST_LEVELS:
        # innermost pairs of both kinds go at once: one round, one level
        brackets = brackets.replace(b"{}", b"\0").replace(b"[]", b"").replace(b"\0", b"")
        levels += 1
    return levels


def _longest(value: Any, below: int = 2) -> int:
    if isinstance(value, list):
        return len(value)
    if isinstance(value, dict) and below:
        return max((_longest(v, below - 1) for v in value.values() if type(v) in (list, dict)), default=0)
    return 0


def _sifted(body: bytes, place: str, items: int) -> Strict:
    value = json.loads(body, object_pairs_hook=_pairs, parse_int=_integer)
    refused = [_refusal(place, "", found) for found in [_flaw(value)] if found is not None]
    batch = _batch_of(value)
    if not refused or batch is None:
        if refused:
            raise refused[0]
        return Strict(value, msgspec.json.encode(value), [], items)
    name, rows = batch
    kept, refused = [], []
    for index, row in enumerate(rows):
        found = _flaw(row)
        if found is None:
            kept.append(row)
        else:
            refused.append(_refusal(place, f"{name or ''}[{index}]", found))
    pruned = kept if name is None else {**value, name: kept}
    outside = _Repeated if isinstance(value, _Repeated) else type(value)
    left = _flaw(outside(pruned))
    if left is not None or not kept:
        raise refused[0] if left is None else _refusal(place, "", left)
    return Strict(pruned, msgspec.json.encode(pruned), refused, items)


def _batch_of(value: Any) -> tuple[str | None, list[Any]] | None:
    """Return the one list of objects that a body holds, with the key under which it stands, if any."""
    if isinstance(value, list):
        return None, value
    lists = [(k, v) for k, v in value.items() if isinstance(v, list)] if isinstance(value, dict) else []
    whole = [(k, v) for k, v in lists if v and all(isinstance(row, dict) for row in v)]
    return whole[0] if len(whole) == 1 else None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(found)


def _integer(digits: str) -> int:
    return int(digits) if len(digits.lstrip("-")) <= MOST_DIGITS else _Huge()


def _flaw(value: Any, path: str = "") -> tuple[str, str] | None:
    """Return the place and the nature of the first thing that may not pass."""
    if isinstance(value, str):
        return (path, "the character NUL in a text") if "\0" in value else None
    if isinstance(value, _Huge):
        return path, f"an integer of more than {MOST_DIGITS} digits"
    if isinstance(value, _Repeated):
        return path, "a key given twice"
    if isinstance(value, dict):
        if any("\0" in key for key in value):
            return path, "the character NUL in a key"
        inside = ((f"{path}.{key}"[:200], v) for key, v in value.items())
    elif isinstance(value, list):
        inside = ((f"{path}[{index}]"[:200], v) for index, v in enumerate(value))
    else:
        return None
    return next((found for where, v in inside if (found := _flaw(v, where)) is not None), None)


def _refusal(place: str, item: str, found: tuple[str, str]) -> BadPayload:
    path, wrong = found
    where = f"{item}{path}".strip(".")
    return BadPayload(f"{place}.{where}" if where else place, wrong, "leave it out", "bad-value")
