"""What the brand says and offers, from files: names, a skill's model, pages. Read anew in every run."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from hearthline.schema.errors import BadConfig

__all__ = ["CONTENT", "content_of"]

CONTENT: Final = pa.schema([(n, pa.string()) for n in ("kind", "name", "text", "source")])
_PAGES: Final = {".md", ".txt", ".html", ".htm"}
_LARGEST: Final = 4_000_000
_COLUMNS: Final = ("kind", "name", "text")
_KINDS: Final = ("brand", "product", "stop", "intent", "page", "schedule")
_DAYS: Final = re.compile(r"[^0-9]*0*[1-9][0-9]{0,3}[^0-9]*")
_NOT_DAYS: Final = re.compile(r"hour|week|month|quarter|year", re.IGNORECASE)
Row = tuple[str, str, str, str]


def content_of(home: Path, patterns: list[str]) -> pa.Table:
    """Return the table `content` from the files of `[signals] content`, paths and globs from the home.

    A CSV has the columns `kind` (`brand`, `product`, `stop`, `intent`, `page`), `name` and perhaps `text`;
    a JSON file is an Alexa interaction model or a Dialogflow intent; Markdown, text and HTML are pages.

    Raises:
        BadConfig: a pattern finds nothing, a file cannot be read as what it is, or a row of it says nothing
            that is known; the message names the file, the line and what is possible.
    """
    rows: list[Row] = []
    for pattern in patterns:
        found = sorted(p for p in home.glob(pattern) if p.is_file())
        if not found:
            raise _wrong(repr(pattern), f"finds no file in {home}", "correct it or remove it")
        for path in found:
            try:
                rows += _read(path)
            except BadConfig:
                raise
            except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
                raise _wrong(path.name, f"cannot be read: {error}", "see docs/signals.md") from error
    return pa.Table.from_pylist([dict(zip(CONTENT.names, r, strict=True)) for r in rows], schema=CONTENT)


def _read(path: Path) -> Iterator[Row]:
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"is larger than {_LARGEST:,} bytes")
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        yield from _listed(text, path.name)
    elif path.suffix == ".json":
        yield from _model(msgspec.json.decode(text), path.name)
    elif path.suffix in _PAGES:
        plain = unescape(re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", text))
        yield ("page", path.stem, " ".join(plain.split()), path.name)
    else:
        raise ValueError(f"{path.suffix or 'no suffix'} is none of .csv, .json, .md, .txt, .html")


def _listed(text: str, source: str) -> Iterator[Row]:
    """Yield the rows of a CSV; a line of empty cells is none.

    Raises:
        BadConfig: the columns are others, or there are rows that say nothing that is known.
    """
    lines = csv.reader(io.StringIO(text))
    header = [name.strip().lower() for name in next(lines, [])]
    while header and not header[-1]:
        header.pop()
    odd = [name for name in header if name not in _COLUMNS]
    if odd or len(set(header)) < len(header) or not {"kind", "name"} <= set(header):
        got = ", ".join(header) or "nothing"
        raise _wrong(f"{source}:1", f"its columns are {got}", "they must be kind, name and perhaps text")
    wrongs = []
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        row = dict.fromkeys(_COLUMNS, "") | dict(zip(header, map(str.strip, cells), strict=False))
        row["kind"] = row["kind"].lower()
        wrong = _row_wrong(row, "".join(cells[len(header) :]).strip())
        if wrong is None:
            yield (row["kind"], row["name"], row["text"], source)
        else:
            wrongs.append((lines.line_num, *wrong))
    if wrongs:
        line, said, cure = wrongs[0]
        more = f" (and {len(wrongs) - 1:,} more such lines)" if len(wrongs) > 1 else ""
        raise _wrong(f"{source}:{line}", said + more, cure)


def _row_wrong(row: Mapping[str, str], beyond: str) -> tuple[str, str] | None:
    """Return what is wrong with a row of a CSV, and the cure; None where nothing is."""
    if beyond:
        return "it has more cells than there are columns", 'put what holds a comma into "quotes"'
    if row["kind"] not in _KINDS:
        return f"there is no kind {row['kind']!r}", f"choose one of {', '.join(_KINDS)}"
    if not row["name"]:
        return f"a {row['kind']} without a name", "name it or remove the line"
    if row["kind"] == "schedule" and (not _DAYS.fullmatch(row["text"]) or _NOT_DAYS.search(row["text"])):
        return f"a schedule says how many days; got {row['text']!r}", "write it as in `every 90 days`"
    return None


def _wrong(place: str, wrong: str, cure: str) -> BadConfig:
    return BadConfig(f"[signals] content: {place}: {wrong}; {cure}")


def _model(model: Any, source: str) -> Iterator[Row]:
    """Yield the intents of an Alexa interaction model or a Dialogflow intent, with what is said."""
    language = model.get("interactionModel", model).get("languageModel", {})
    if not language and "displayName" not in model:
        keys = ", ".join(sorted(model)[:8]) or "none"
        cure = "give a `languageModel`, or an intent with a `displayName`"
        raise _wrong(
            source, f"neither an Alexa interaction model nor a Dialogflow intent; its keys: {keys}", cure
        )
    for intent in language.get("intents", []):
        yield ("intent", intent["name"], "\n".join(intent.get("samples", [])), source)
    for kind in language.get("types", []):
        values = [v["name"] for v in kind.get("values", [])]
        yield ("slot", kind["name"], "\n".join(v["value"] for v in values), source)
    if "displayName" in model:
        said = ["".join(p["text"] for p in t.get("parts", [])) for t in model.get("trainingPhrases", [])]
        yield ("intent", model["displayName"], "\n".join(said), source)
