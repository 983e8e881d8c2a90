"""Lifts: what experiments found, ours or those of a platform or an agency, and lists of who was on."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Final

from scipy.special import ndtri

from hearthline.experiments.difference import LEVEL
from hearthline.schema.errors import BadFile

__all__ = ["KINDS", "Lift", "read_arms", "read_lifts"]

KINDS: Final = ("all", "person", "automated")
"""Which orders a lift speaks of: all, those by hand, those that no person placed."""
_NEEDED = ("channel", "start", "end", "lift")


@dataclass(frozen=True, slots=True)
class Lift:
    """Net revenue that a channel caused.

    Attributes:
        name: of the experiment.
        channel: the channel's name.
        kind: one of `KINDS`.
        start, end: the first and the last day (UTC) of the experiment.
        amount: the net revenue that the channel caused in these days among the households that had it.
        error: its standard error.
        share: part of all households for whom it stands.
        measured: whether it was measured here; else it was imported.
    """

    name: str
    channel: str
    kind: str
    start: date
    end: date
    amount: float
    error: float
    share: float = 1.0
    measured: bool = False


def read_lifts(file: Path) -> list[Lift]:
    """Return the lifts of a CSV file.

    Columns `channel`, `start`, `end`, `lift` (net revenue that the channel caused, in the reporting
    currency) and either `error` (its standard error) or `low` and `high` (with `level`, default 0.9);
    `name`, `kind` (default `all`) and `share` (of the households, default 1) may be left out.

    Raises:
        BadFile: a column is missing or a cell impossible; the message names file and line.
    """
    return [_lift(row, place) for row, place in _rows(file, _NEEDED)]


def read_arms(file: Path) -> list[tuple[str, str | None, str | None]]:
    """Return who is in which arm or region, from a CSV file.

    Columns `identifier` (`NAMESPACE:VALUE`), and `arm` (`on` or `off`), `region` or both.

    Raises:
        BadFile: a column is missing or a cell impossible; the message names file and line.
    """
    found = []
    for row, place in _rows(file, ("identifier",)):
        arm, region = row.get("arm") or None, row.get("region") or None
        if arm not in (None, "on", "off") or (arm is None and region is None):
            raise BadFile(
                f"{place}: no arm and no region; got arm {arm!r}; write on or off, or name the region"
            )
        if ":" not in row["identifier"]:
            raise BadFile(
                f"{place}: the identifier has no namespace; write NAMESPACE:VALUE, as in customer:17"
            )
        found.append((row["identifier"], arm, region))
    if not found:
        raise BadFile(f"{file}: no rows; give one household a line")
    return found


def _rows(file: Path, needed: tuple[str, ...]) -> Iterator[tuple[dict[str, str], str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{file}: cannot be read; {type(error).__name__}; give a CSV file in UTF-8") from None
    reader = csv.DictReader(text.splitlines())
    heads = [h.strip().lower() for h in reader.fieldnames or ()]
    missing = [name for name in needed if name not in heads]
    if missing:
        raise BadFile(f"{file}: no column {', '.join(missing)}; got {', '.join(heads) or 'nothing'}; add it")
    for row in reader:
        cells = {h: (v or "").strip() for h, v in zip(heads, row.values(), strict=False)}
        yield cells, f"{file}:{reader.line_num}"


def _lift(row: Mapping[str, str], place: str) -> Lift:
    start, end = (_day(row[name], name, place) for name in ("start", "end"))
    if end < start:
        raise BadFile(f"{place}: the end lies before the start; got {start} to {end}; turn them around")
    amount, kind = _number(row["lift"], "lift", place), row.get("kind") or "all"
    if kind not in KINDS:
        raise BadFile(f"{place}: unknown kind {kind!r}; choose one of {', '.join(KINDS)}")
    share = _number(row.get("share") or "1", "share", place)
    if not 0.0 < share <= 1.0:
        raise BadFile(f"{place}: share {share:g} is no part of 1; write 0.5 for half of the households")
    name = row.get("name") or f"{row['channel']} from {start}"
    return Lift(name, row["channel"], kind, start, end, amount, _error(row, place), share)


def _error(row: Mapping[str, str], place: str) -> float:
    if row.get("error"):
        error = _number(row["error"], "error", place)
    elif row.get("low") and row.get("high"):
        level = _number(row.get("level") or str(LEVEL), "level", place)
        if not 0.0 < level < 1.0:
            raise BadFile(f"{place}: level {level:g} is no part of 1; write 0.9 for a 90 % interval")
        wide = _number(row["high"], "high", place) - _number(row["low"], "low", place)
        error = wide / (2.0 * float(ndtri(0.5 + level / 2.0)))
    else:
        raise BadFile(f"{place}: nothing says how sure the lift is; give error, or low and high")
    if error <= 0.0:
        raise BadFile(
            f"{place}: a lift without doubt; got an error of {error:g}; give what the experiment reports"
        )
    return error


def _number(text: str, name: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise BadFile(f"{place}: {name} is no number; got {text!r}; write it as 1234.5")
    return value


def _day(text: str, name: str, place: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadFile(f"{place}: {name} is no day; got {text!r}; write it as 2026-03-31") from None
