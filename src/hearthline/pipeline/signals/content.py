"""What the brand says and offers, from files: names, a skill's model, pages. Read anew in every run."""

import csv
import io
import re
from collections.abc import Iterator
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
Row = tuple[str, str, str, str]


def content_of(home: Path, patterns: list[str]) -> pa.Table:
    """Return the table `content` from the files of `[signals] content`, paths and globs from the home.

    A CSV has the columns `kind` (`brand`, `product`, `stop`, `intent`, `page`), `name` and perhaps `text`;
    a JSON file is an Alexa interaction model or a Dialogflow intent; Markdown, text and HTML are pages.

    Raises:
        BadConfig: a pattern finds nothing, or a file cannot be read as what it is.
    """
    rows: list[Row] = []
    for pattern in patterns:
        found = sorted(p for p in home.glob(pattern) if p.is_file())
        if not found:
            raise BadConfig(f"signals.content: {pattern!r} finds no file in {home}; correct it or remove it")
        for path in found:
            try:
                rows += _read(path)
            except (ValueError, KeyError, TypeError) as error:
                raise BadConfig(
                    f"signals.content: {path.name} cannot be read: {error}; see docs/signals.md"
                ) from error
    return pa.Table.from_pylist([dict(zip(CONTENT.names, r, strict=True)) for r in rows], schema=CONTENT)


def _read(path: Path) -> Iterator[Row]:
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"is larger than {_LARGEST:,} bytes")
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        for row in csv.DictReader(io.StringIO(text)):
            yield (
                row["kind"].strip().lower(),
                row["name"].strip(),
                (row.get("text") or "").strip(),
                path.name,
            )
    elif path.suffix == ".json":
        yield from _model(msgspec.json.decode(text), path.name)
    elif path.suffix in _PAGES:
        plain = unescape(re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", text))
        yield ("page", path.stem, " ".join(plain.split()), path.name)
    else:
        raise ValueError(f"{path.suffix or 'no suffix'} is none of .csv, .json, .md, .txt, .html")


def _model(model: Any, source: str) -> Iterator[Row]:
    """Yield the intents of an Alexa interaction model or a Dialogflow intent, with what is said."""
    language = model.get("interactionModel", model).get("languageModel", {})
    for intent in language.get("intents", []):
        yield ("intent", intent["name"], "\n".join(intent.get("samples", [])), source)
    for kind in language.get("types", []):
        values = [v["name"] for v in kind.get("values", [])]
        yield ("slot", kind["name"], "\n".join(v["value"] for v in values), source)
    if "displayName" in model:
        said = ["".join(p["text"] for p in t.get("parts", [])) for t in model.get("trainingPhrases", [])]
        yield ("intent", model["displayName"], "\n".join(said), source)
