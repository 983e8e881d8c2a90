"""`hearthline.toml` as a new home gets it: every setting with its meaning, commented out."""

import json
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from hearthline.schema.settings import NamespacePolicy, Settings

__all__ = ["settings_text", "write_mapping", "write_settings"]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def _comment(described: type) -> Iterator[str]:
    for line in cleandoc(described.__doc__ or "").splitlines():
        yield f"# {line}".rstrip()


def _section(name: str, section: msgspec.Struct) -> Iterator[str]:
    yield from _comment(type(section))
    yield f"[{name}]"
    for field in msgspec.structs.fields(section):
        value = getattr(section, field.name)
        yield f"# {field.name} = {_toml(value)}" if value is not None else f'# {field.name} = ""  # not set'
    yield ""


def settings_text(guesses: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return the file's text; `guesses` (file to canonical field to column) follow as comments.

    >>> [line for line in settings_text({"a.csv": {"time": "when"}}).splitlines() if "when" in line][-1]
    '# time = "when"'
    """
    lines = [
        "# Settings of this home. Every line that begins with # shows a default; remove the # to change it.",
        "",
    ]
    for field in msgspec.structs.fields(Settings):
        section = getattr(Settings(), field.name)
        if isinstance(section, msgspec.Struct):
            lines += _section(field.name, section)
        if field.name == "identity":
            lines += [*_comment(NamespacePolicy), ""]
    lines += ["# `[map]`: canonical field = column, for files with unusual columns.", "[map]"]
    for file, guessed in (guesses or {}).items():
        if guessed:
            lines.append(f"# recognised in {file}:")
            lines += [f"# {field} = {_toml(column)}" for field, column in guessed.items()]
    return "\n".join(lines) + "\n"


def write_settings(file: Path, guesses: Mapping[str, Mapping[str, str]] | None = None) -> bool:
    """Write the file where there is none; return whether it was written."""
    if file.exists():
        return False
    file.write_text(settings_text(guesses), encoding="utf-8")
    return True


def write_mapping(file: Path, name: str, mapping: Mapping[str, str]) -> None:
    """Write the mapping of files of that name into the settings; all else in them stays as it is."""
    write_settings(file)
    head = f"[map.{json.dumps(name, ensure_ascii=False)}]"
    kept, inside = [], False
    for line in file.read_text(encoding="utf-8").splitlines():
        inside = line.strip() == head or (inside and not line.startswith("["))
        if not inside:
            kept.append(line)
    lines = [f"{field} = {_toml(column)}" for field, column in mapping.items()]
    text = "\n".join(["\n".join(kept).rstrip(), "", head, *lines]) + "\n"
    file.write_text(text, encoding="utf-8")
