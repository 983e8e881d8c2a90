"""What is said of a setting that is wrong: which, why, and what is possible."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from hearthline.schema.settings import Settings

__all__ = ["Misset", "misset"]

_UNKNOWN = re.compile(r"unknown field `(.*)`$")
_INVALID = re.compile(r"Invalid enum value '?(.*?)'?$")
_PAGE = "docs/settings.md lists all settings"


class Misset(NamedTuple):
    """A setting that is wrong: its path from the section down, what is wrong, and the cure."""

    path: list[str]
    wrong: str
    cure: str


def misset(message: str, chosen: Mapping[str, Any]) -> Misset:
    """Return what is wrong with a setting, by the message of msgspec and what was set.

    >>> misset("Invalid enum value 'flink' - at `$.engine.name`", {})[1:]
    ("[engine] name: there is no 'flink'", 'choose one of duckdb, spark')
    """
    what, _, where = message.partition(" - at `$")
    path = [name for name in re.sub(r"\[[^\]]*\]", "", where.rstrip("`")).split(".") if name]
    unknown, invalid = _UNKNOWN.search(what), _INVALID.search(what)
    if unknown:
        kind = f"[{'.'.join(path)}] has no setting" if path else "there is no section"
        names = _names(path)
        cure = f"choose one of {', '.join(names)}" if names else _PAGE
        return Misset([*path, unknown[1]], f"{kind} {unknown[1]!r}", cure)
    name = f"[{path[0]}] {'.'.join(path[1:])}".rstrip()
    if invalid:
        choices = _choices(path)
        cure = f"choose one of {', '.join(choices)}" if choices else _PAGE
        return Misset(path, f"{name}: there is no {invalid[1]!r}", cure)
    return Misset(path, f"{name}: {_wrong(what, chosen, path)}", _example(path))


def _wrong(what: str, chosen: Mapping[str, Any], path: Sequence[str]) -> str:
    what = "expected an amount such as 4GB" if "regex" in what else what[0].lower() + what[1:]
    value: Any = chosen
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return what if value is None or ", got " in what else f"{what}, got {value!r}"


def _example(path: Sequence[str]) -> str:
    value = _default(path)
    if value is None or isinstance(value, msgspec.Struct) or value in ({}, [], ()):
        return _PAGE
    return f"write it as in `{path[-1]} = {json.dumps(value)}`, {_PAGE}"


def _default(path: Sequence[str]) -> Any:
    value: Any = Settings()
    for name in path:
        value = getattr(value, name, None)
    return value


def _names(path: Sequence[str]) -> tuple[str, ...]:
    """Return what a section may hold."""
    value = _default(path)
    return tuple(value.__struct_fields__) if isinstance(value, msgspec.Struct) else ()


def _choices(path: Sequence[str]) -> list[str]:
    """Return the words that a setting may be."""
    section = _default(path[:1])
    hints = get_type_hints(type(section), include_extras=True) if len(path) == 2 else {}
    return list(_words(hints.get(path[-1])))


def _words(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(word) for word in get_args(kind)]
    if get_origin(kind) is Annotated:
        return ["a number"]
    return [word for part in get_args(kind) for word in _words(part)]
