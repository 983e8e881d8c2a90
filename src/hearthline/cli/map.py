"""`hearthline map`."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

import hearthline as hl
from hearthline.cli._intake import mapping_of
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption, MapOption, at_home
from hearthline.cli._screen import print_json, results, show, table

__all__ = ["map"]

_SHOWN = 5
_CHECKED = 20_000
_EVENTS = (
    "time",
    "type",
    "touch_channel",
    "device_kind",
    "commerce_order",
    "commerce_total",
    "commerce_currency",
)
_SPEND = ("day", "channel", "campaign", "cost", "currency")


def map(  # noqa: A001 - the command's own name
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table: CSV, Parquet, flat JSON.")],
    *,
    mapping: MapOption = None,
    kind: Annotated[
        str | None, typer.Option("--as", metavar="events|orders|spend", help="What the table is.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the mapping to the home's hearthline.toml.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Propose which column is which field, by names and values, and show what the rows would become."""
    from hearthline import files

    told = mapping_of(mapping)
    found = files.propose(file, told, kind)
    part = None if found.lacking else next(iter(_read(file, found)), None)
    command = _next(file, found, kind, home)
    if as_json:
        print_json(_told(found, part) | {"next": command})
    else:
        _print(found, part)
    if found.lacking:
        show(f"next: {command}")
        raise typer.Exit(1)
    if write:
        where = _written(home, file, found)
        show(f"written to {where}; next: hearthline run {file} --home {home}")
    elif not as_json:
        show(f"next: {command}")


def _read(file: Path, found: Any) -> Any:
    from hearthline import files

    content = files.read(file, found.mapping, found.kind, _CHECKED)
    return () if isinstance(content, files.Payloads) else islice(content, 1)


def _rows(part: Any) -> list[dict[str, Any]]:
    chosen, names = (part.spend, _SPEND) if part.kind == "spend" else (part.events, _EVENTS)
    shown = chosen.slice(0, _SHOWN).select([n for n in names if n in chosen.column_names])
    filled = [n for n in shown.column_names if shown.column(n).null_count < shown.num_rows]
    return [dict(row) for row in shown.select(filled).to_pylist()]


def _told(found: Any, part: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": found.kind,
        "columns": [c._asdict() for c in found.columns],
        "mapping": found.mapping,
        "lacking": [list(group) for group in found.lacking],
    }
    if part is None:
        return told
    refused = [{"place": r.place, "wrong": r.wrong, "cure": r.cure} for r in part.rejects[:_SHOWN]]
    return told | {
        "read": part.read,
        "accepted": part.accepted,
        "rejects": len(part.rejects),
        "rows": _rows(part),
        "refused": refused,
    }


def _print(found: Any, part: Any) -> None:
    heads = ("column", "such as", "field", "told by")
    rows = [(c.column, ", ".join(c.examples)[:40], c.field or "-", c.because) for c in found.columns]
    results().print(table(heads, rows))
    results().print(f"taken for a table of {found.kind}")
    for group in found.lacking:
        results().print(f"missing: {' or '.join(group[:4])}")
    if part is None:
        return
    rows_of = _rows(part)
    if rows_of:
        results().print("\nwhat the first rows would become")
        results().print(
            table(
                tuple(rows_of[0]), [tuple("" if v is None else str(v) for v in r.values()) for r in rows_of]
            )
        )
    results().print(f"of {part.read:,} rows read {part.accepted:,} are taken, {len(part.rejects):,} refused")
    for reject in part.rejects[:_SHOWN]:
        results().print(f"  {reject.place}: {reject.wrong}; {reject.cure}")


def _next(file: Path, found: Any, kind: str | None, home: Path) -> str:
    if not found.lacking:
        return f"hearthline map {file} --write --home {home}"
    wanted = found.lacking[0][0]
    value = {"currency": "EUR", "channel": "NAME"}.get(wanted, "COLUMN")
    chosen = f" --as {kind}" if kind else ""
    return f"hearthline map {file}{chosen} --map {wanted}={value}{at_home(home)}"


def _written(home: Path, file: Path, found: Any) -> Path:
    """Return the settings file, with the mapping of files of this name in it."""
    from hearthline.cli._settings_file import write_mapping

    opened = hl.init(home)
    settings = opened.path / "hearthline.toml"
    write_mapping(settings, file.name, found.mapping)
    return settings
