"""Lifts: what experiments found, ours or those of a platform or an agency, and lists of who was on."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Final

from scipy.special import ndtri

from hearthline.experiments.difference import LEVEL
from hearthline.schema.errors import BadFile

__all__ = ["KINDS", "Lift", "Listed", "read_arms", "read_lifts"]

KINDS: Final = ("all", "person", "automated")
"""Which orders a lift speaks of: all, those by hand, those that no person placed."""
Listed = tuple[str, str | None, str | None]
"""A row of a list: an identifier, its arm (`on`, `off`), its region; what a list does not say is None."""
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
        BadFile: a column is missing, a cell impossible or a lift there twice; the message says where.
    """
    found: dict[tuple[str, str, str], Lift] = {}
    for row, place in _rows(file, _NEEDED):
        lift = _lift(row, place)
        key = (lift.name, lift.channel, lift.kind)
        if key in found:
            raise BadFile(
                f"{place}: this lift is in the file already; got another one named {lift.name!r} of the same "
                "channel and kind; give each a name of its own"
            )
        found[key] = lift
    return list(found.values())


def read_arms(file: Path) -> list[Listed]:
    """Return who is in which arm or region, from a CSV file.

    Columns `identifier` (`NAMESPACE:VALUE`), and `arm` (`on` or `off`), `region` or both: what one row says,
    all say. With both, regions were assigned, and each is in one arm.

    Raises:
        BadFile: a column is missing or a cell impossible, some rows say what others do not, or a region is in
            both arms; the message names file and line.
    """
    found: list[Listed] = []
    arms: dict[str, str] = {}
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
        told = (row["identifier"], arm, region)
        if found and _says(told) != _says(found[0]):
            raise BadFile(
                f"{place}: rows of different kinds; got {_says(told)} after {_says(found[0])}; write "
                "the same in every row: the arm, the region or both"
            )
        if arm and region and arms.setdefault(region, arm) != arm:
            raise BadFile(
                f"{place}: region {region!r} is in both arms; got {arm} after {arms[region]}; put all of it "
                "into one arm, or leave out the regions if households were assigned"
            )
        found.append(told)
    if not found:
        raise BadFile(f"{file}: no rows; give one household a line")
    return found


def _says(row: Listed) -> str:
    return " and ".join(name for name, cell in zip(("arm", "region"), row[1:], strict=True) if cell)


def _rows(file: Path, needed: tuple[str, ...]) -> Iterator[tuple[dict[str, str], str]]:
    try:
        reader = csv.reader(StringIO(file.read_text(encoding="utf-8-sig"), newline=""))
        lines = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{file}: cannot be read; {type(error).__name__}; give a CSV file in UTF-8") from None
    heads = [h.strip().lower() for h in lines[0][1]] if lines else []
    twice = sorted({h for h in heads if h and heads.count(h) > 1})
    if twice:
        raise BadFile(f"{file}: column {', '.join(twice)} is there twice; got {', '.join(heads)}; keep one")
    missing = [name for name in needed if name not in heads]
    if missing:
        raise BadFile(f"{file}: no column {', '.join(missing)}; got {', '.join(heads) or 'nothing'}; add it")
    for number, row in lines[1:]:
        place = f"{file}:{number}"
        if any(cell.strip() for cell in row[len(heads) :]):
            raise BadFile(
                f"{place}: more cells than columns; got {len(row)} for {len(heads)}; put a cell with a comma "
                'into quotes, as in "1,5"'
            )
        yield dict.fromkeys(heads, "") | dict(zip(heads, map(str.strip, row), strict=False)), place


def _lift(row: Mapping[str, str], place: str) -> Lift:
    if not row["channel"]:
        raise BadFile(f"{place}: no channel; got an empty cell; name the channel that was tested")
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
    return Lift(name, row["channel"], kind, start, end, amount, _error(row, amount, place), share)


def _error(row: Mapping[str, str], amount: float, place: str) -> float:
    ends = [_number(row[name], name, place) for name in ("low", "high") if row.get(name)]
    if len(ends) == 2 and not ends[0] <= amount <= ends[1]:
        raise BadFile(
            f"{place}: the lift lies outside its interval; got {amount:g}, from {ends[0]:g} to {ends[1]:g}; "
            "give low below the lift, and high above it"
        )
    if row.get("error"):
        error = _number(row["error"], "error", place)
    elif len(ends) == 2:
        level = _number(row.get("level") or str(LEVEL), "level", place)
        if not 0.0 < level < 1.0:
            raise BadFile(f"{place}: level {level:g} is no part of 1; write 0.9 for a 90 % interval")
        error = (ends[1] - ends[0]) / (2.0 * float(ndtri(0.5 + level / 2.0)))
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
