"""Files in: what `add` and `run` share."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

import hearthline as hl
from hearthline.cli._screen import Stages
from hearthline.schema.errors import BadConfig

__all__ = ["PathsArgument", "added", "intake_rows", "mapping_of"]

PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATHS...", help="Files, folders or globs: CSV, Parquet, NDJSON, JSON; gz or zst."
    ),
]


def mapping_of(pairs: Sequence[str] | None) -> dict[str, str]:
    """Return canonical field to column from `field=column` texts.

    Raises:
        BadConfig: one is not of that form, names no field, or names one that was named before.

    >>> mapping_of(["ts=when it was"])
    {'ts': 'when it was'}
    """
    from hearthline import files

    found: dict[str, str] = {}
    for pair in pairs or ():
        field, equals, column = pair.partition("=")
        if not (field and equals and column):
            raise BadConfig(f"--map: {pair!r} is not FIELD=COLUMN; write it as in --map ts=COLUMN")
        if field in found:
            raise BadConfig(f"--map: {field} is named twice; choose {found[field]!r} or {column!r}")
        found[field] = column
    files.check_mapping(found, "--map")
    return found


def added(
    home: "hl.Home", paths: Sequence[str], mapping: dict[str, str], source: str | None, told: Stages
) -> "list[hl.Intake]":
    """Return what each file gave; a home without settings gets a file with what was recognised."""
    from hearthline.cli._settings_file import write_settings

    written = {k: v if isinstance(v, str) else {**v, **mapping} for k, v in home.settings.map.items()}
    taken = home.add(*paths, source=source, mapping={**written, **mapping}, progress=told)
    guesses: dict[str, dict[str, str]] = {}
    for intake in taken:
        guesses.setdefault(intake.origin, {}).update(intake.guesses)
    write_settings(home.path / "hearthline.toml", guesses)
    return taken


def intake_rows(taken: "Sequence[hl.Intake]") -> list[dict[str, Any]]:
    """Return one row a file and platform, ready for JSON."""
    return [
        {
            "file": i.origin,
            "source": i.source,
            "read": i.read,
            "events": i.events,
            "rejects": i.rejects,
            "reasons": dict(i.reasons),
            "columns": dict(i.guesses),
        }
        for i in taken
    ]
