"""Settings read from defaults, the home's `hearthline.toml` and the environment, each with its origin.

The environment wins over the file, the file over the defaults. `HEARTHLINE_ATTRIBUTION__REPLICATES=50`
sets `[attribution] replicates`.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hearthline.schema.currencies import CODES
from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import Settings

__all__ = ["load_settings", "origins"]

_PREFIX = "HEARTHLINE_"


def _line_of(text: str, key: str) -> int | None:
    """Return the line on which a key of the file stands, for an error message."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.split("=")[0].strip().strip('"') == key or line.strip().strip("[]").split(".")[-1] == key:
            return number
    return None


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

    Args:
        file: its `hearthline.toml`; it need not exist.
        environment: where the environment's settings are.

    Raises:
        BadConfig: a key is unknown or a value impossible; the message names file, line and key.
    """
    chosen = _merged(_from_file(file), _from_environment(environment))
    try:
        settings = msgspec.convert(chosen, Settings)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        key = where.rstrip("`").lstrip(".") or what.rsplit("`", 2)[-2]
        line = _line_of(file.read_text("utf-8"), key.split(".")[-1]) if file.exists() else None
        place = f"{file}:{line}" if line else f"{file} or the environment"
        raise BadConfig(
            f"{place}: [{key}] {what[0].lower()}{what[1:]}; see `hearthline config show` for what is possible"
        ) from None
    _check_currencies(file, settings)
    return settings


def _check_currencies(file: Path, settings: Settings) -> None:
    """Refuse codes that are no currency's: every order would be set aside for want of a rate."""
    money = settings.money
    for key, code in (("currency", money.currency), *(("rates", code) for code in money.rates)):
        if code is not None and code not in CODES:
            line = (
                _line_of(file.read_text("utf-8"), key if key == "currency" else code)
                if file.exists()
                else None
            )
            place = f"{file}:{line}" if line else f"{file} or the environment"
            raise BadConfig(
                f"{place}: [money.{key}] is no currency's code; got {code!r}; write the ISO 4217 code in capitals, "
                "such as EUR"
            )


def origins(file: Path, environment: Mapping[str, str] = os.environ) -> Iterator[tuple[str, Any, str]]:
    """Yield each setting's dotted name, its value and where it comes from (default, file, environment)."""
    settings = msgspec.to_builtins(load_settings(file, environment))
    in_file, in_environment = _from_file(file), _from_environment(environment)
    for section, values in settings.items():
        for key, value in values.items():
            if key in in_environment.get(section, {}):
                origin = f"environment {_PREFIX}{section.upper()}__{key.upper()}"
            elif key in in_file.get(section, {}):
                origin = f"{file.name}:{_line_of(file.read_text('utf-8'), key) or '?'}"
            else:
                origin = "default"
            yield f"{section}.{key}", value, origin
