"""XML in files: each element under the root is one payload, `{"Root": {"Element": {...}}}`.

Attributes and elements inside become fields; one that comes several times becomes a list. The file is never
held whole: a health export has gigabytes. Entities are refused, so nothing can grow or be fetched.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

import msgspec

from hearthline.files.opening import blocks
from hearthline.schema.errors import BadFile

__all__ = ["elements", "looks_like_xml"]

_BLOCK = 1 << 20
_LARGEST = 4 << 20
_DEEPEST = 40


def looks_like_xml(sample: bytes) -> bool:
    """Return whether the text begins as XML does.

    >>> looks_like_xml(b'<?xml version="1.0"?>'), looks_like_xml(b" <VAST>"), looks_like_xml(b"<3,a,b")
    (True, True, False)
    """
    start = sample.lstrip()[:2]
    return start in (b"<?", b"<!") or (start[:1] == b"<" and start[1:].isalpha())


def elements(path: Path, encoding: str | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield (line, JSON bytes) of each element under the root.

    Raises:
        BadFile: it is no XML, it breaks off, it declares an entity, or an element is too large or too deep.
    """
    reader = _Reader(path)
    try:
        for block in blocks(path, encoding, _BLOCK):
            reader.parser.Parse(block, False)  # noqa: FBT003 - expat's own signature
            yield from reader.taken()
        reader.parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise BadFile(
            f"{path}:{error.lineno}: no XML; {expat.errors.messages.get(error.code, 'damaged')}; "
            "export it again, or give a table"
        ) from None
    yield from reader.taken()


class _Reader:
    """What expat found: the elements that are open, and those under the root that are complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self.open: list[tuple[str, dict[str, Any]]] = []
        self.size = self.line = 0
        self.found: list[tuple[int, bytes]] = []

    def taken(self) -> list[tuple[int, bytes]]:
        """Return the elements that are complete, and forget them."""
        found, self.found = self.found, []
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) == 1:
            self.size, self.line = 0, self.parser.CurrentLineNumber
        self._grow(sum(len(k) + len(v) for k, v in attributes.items()) + len(name))
        self.open.append((name.rpartition(":")[2], dict(attributes)))
        if len(self.open) > _DEEPEST:
            raise BadFile(f"{self.path}:{self.line}: elements more than {_DEEPEST} deep; give a table")

    def _end(self, _name: str) -> None:
        name, fields = self.open.pop()
        said = (fields.pop("#text", "") or "").strip()
        value: Any = {**fields, "#text": said} if said and fields else said or fields
        if len(self.open) > 1:
            _add(self.open[-1][1], name, value)
        elif len(self.open) == 1:
            payload = {self.open[0][0]: {name: value}}
            self.found.append((self.line, msgspec.json.encode(payload)))

    def _text(self, data: str) -> None:
        # Text of the root itself is the space between its elements.
        if len(self.open) > 1:
            self._grow(len(data))
            fields = self.open[-1][1]
            fields["#text"] = fields.get("#text", "") + data

    def _grow(self, by: int) -> None:
        self.size += by
        if len(self.open) > 1 and self.size > _LARGEST:
            raise BadFile(
                f"{self.path}:{self.line}: an element of more than {_LARGEST >> 20} MiB; give a table"
            )

    def _entity(self, *_told: object) -> None:
        raise BadFile(f"{self.path}: declares an entity; it could hold anything; take the declaration out")


def _add(fields: dict[str, Any], name: str, value: object) -> None:
    """Add an element to the one around it; the second of a name makes a list."""
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]
