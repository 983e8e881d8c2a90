"""Settings read from defaults, the home's `hearthline.toml` and the environment, each with its origin.

The environment wins over the file, the file over the defaults. `HEARTHLINE_ATTRIBUTION__REPLICATES=50`
sets `[attribution] replicates`.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from hearthline.schema.currencies import CODES
from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import AttributionSettings, Settings
from hearthline.store.misset import misset

__all__ = ["load_settings", "origins"]

_PREFIX = "HEARTHLINE_"
_HEAD = re.compile(r"\s*\[+([^\]]*)\]")


def _line_of(text: str, path: Sequence[str]) -> int | None:
    r"""Return the line on which a setting of the file stands, or else what it lies in.

    >>> _line_of("[engine]\nname = 'duckdb'\n[attribution]\nmodels = []", ["attribution", "models"])
    4
    """
    places = []
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        head = _HEAD.match(line)
        if head:
            inside = _names(head[1])
            places.append((number, inside))
        elif "=" in line and not line.lstrip().startswith("#"):
            places.append((number, [*inside, *_names(line.partition("=")[0])]))
    for length in range(len(path), 0, -1):
        for number, names in places:
            if names[:length] == list(path[:length]):
                return number
    return None


def _names(dotted: str) -> list[str]:
    return [name.strip().strip("\"'") for name in dotted.split(".")]


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{file}: not valid TOML; {error}; mend the line or remove the file") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in environment.items():
        if name.startswith(_PREFIX) and "__" in name:
            section, key = name[len(_PREFIX) :].lower().split("__", 1)
            try:
                value = tomllib.loads(f"x = {text}")["x"]
            except tomllib.TOMLDecodeError:
                value = text
            found.setdefault(section, {})[key] = value
    return found


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = dict(under)
    for key, value in over.items():
        nested = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = _merged(both[key], value) if nested else value
    return both


def load_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a home.

    Where models are named, `default` is not, and its own default is not among them, the first of them leads.

    Args:
        file: its `hearthline.toml`; it need not exist.
        environment: where the environment's settings are.

    Raises:
        BadConfig: a key is unknown or a value impossible; the message names file and line, or the variable
            of the environment, and what is possible.
    """
    from_environment = _from_environment(environment)
    chosen = _merged(_from_file(file), from_environment)
    try:
        settings = msgspec.convert(chosen, Settings)
    except msgspec.ValidationError as error:
        path, wrong, cure = misset(str(error), chosen)
        raise BadConfig(f"{_place(file, from_environment, path)}: {wrong}; {cure}") from None
    _check_currencies(settings, lambda path: _place(file, from_environment, path))
    named = settings.attribution.models
    if "default" in chosen.get("attribution", {}) or not named or settings.attribution.default in named:
        return settings
    return replace(settings, attribution=replace(settings.attribution, default=named[0]))


def _check_currencies(settings: Settings, placed: Callable[[list[str]], str]) -> None:
    """Refuse codes that are no currency's: every order would be set aside for want of a rate."""
    money = settings.money
    named = [(["money", "currency"], money.currency), *((["money", "rates", c], c) for c in money.rates)]
    for path, code in named:
        if code is not None and code not in CODES:
            raise BadConfig(
                f"{placed(path)}: [money] {path[1]}: {code!r} is no currency's code; write the code of ISO "
                "4217 in capitals, such as EUR"
            )


def _place(file: Path, from_environment: Mapping[str, Any], path: list[str]) -> str:
    """Return where a setting comes from: a variable of the environment, or a line of the file."""
    section, key = path[0], path[1] if len(path) > 1 else None
    there = from_environment.get(section, {})
    if there and (key is None or key in there):
        return f"environment {_PREFIX}{section.upper()}__{(key or next(iter(there))).upper()}"
    line = _line_of(file.read_text("utf-8"), path) if file.exists() else None
    return f"{file}:{line}" if line else str(file)


def origins(file: Path, environment: Mapping[str, str] = os.environ) -> Iterator[tuple[str, Any, str]]:
    """Yield each setting's dotted name, its value and where it comes from (default, file, environment)."""
    settings = msgspec.to_builtins(load_settings(file, environment))
    in_file, in_environment = _from_file(file), _from_environment(environment)
    for section, values in settings.items():
        for key, value in values.items():
            if key in in_environment.get(section, {}):
                origin = f"environment {_PREFIX}{section.upper()}__{key.upper()}"
            elif key in in_file.get(section, {}):
                origin = f"{file.name}:{_line_of(file.read_text('utf-8'), [section, key]) or '?'}"
            elif (section, key) == ("attribution", "default") and value != AttributionSettings().default:
                origin = "the first of attribution.models"
            else:
                origin = "default"
            yield f"{section}.{key}", value, origin
