"""Where the rows of delimited text begin and end (RFC 4180), without a loop over rows.

Line ends and delimiters inside quotes are told from others by counting the quotes before them. Where
quotes are not where they belong, the block is walked row by row and bad rows are set apart.
"""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hearthline.schema.journey import Bools, Ints

__all__ = ["LONGEST", "Records", "split"]

LONGEST = 1 << 20
"""Bytes that one row may have; a longer one is refused."""
_UNCLOSED = 8 << 20
_LF, _CR, _QUOTE = 10, 13, 34
_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+"'


@dataclass(frozen=True)
class Records:
    """Rows of delimited text: where each begins and ends in `data`, its line and its fields.

    Attributes:
        data: the text.
        starts: (n,) first byte of each row.
        ends: (n,) byte after each row, without its line end.
        lines: (n,) line number of each row's first line.
        fields: (n,) number of fields; 0 where quotes are broken.
        used: bytes covered; the rest belongs to the next block.
        newlines: line ends within the bytes covered.
    """

    data: bytes
    starts: Ints
    ends: Ints
    lines: Ints
    fields: Ints
    used: int
    newlines: int

    def raw(self, i: int) -> bytes:
        """Return the bytes of the i-th row."""
        return self.data[self.starts[i] : self.ends[i]]


def _quotes_belong(buf: NDArray[np.uint8], quotes: Ints, delimiter: int) -> bool:
    """Return whether each quote opens at a field's start, closes at its end, or is doubled."""
    before = np.where(quotes > 0, buf[np.maximum(quotes - 1, 0)], _LF)
    last = len(buf) - 1
    after = np.where(quotes < last, buf[np.minimum(quotes + 1, last)], _LF)
    doubled = np.diff(quotes) == 1
    opening = (before == delimiter) | (before == _LF)
    opening[1:] |= doubled
    then = np.where(quotes + 1 < last, buf[np.minimum(quotes + 2, last)], _LF)
    closing = (after == delimiter) | (after == _LF) | ((after == _CR) & (then == _LF))
    closing[:-1] |= doubled
    return bool(opening[0::2].all() and closing[1::2].all())


def _outside(quotes: Ints, positions: Ints) -> Ints:
    """Return the positions that have an even number of quotes before them."""
    if not len(quotes):
        return positions
    outside: Ints = positions[(np.searchsorted(quotes, positions) & 1) == 0]
    return outside


@cache
def _row_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    d = re.escape(delimiter)
    # Possessive: text without a closing quote fails at once instead of trying every way to split it. But only
    # what has nothing to give back: else Python before 3.11.5 matches too much (CPython issue 106052).
    field = rb"(?:" + _QUOTED + rb"(?=\r?\n|\r?\Z|" + d + rb')|(?!")[^\n' + d + rb"]*+)"
    return re.compile(field + rb"(?:" + d + field + rb")*(?=\r?\n|\r?\Z)")


def _walk(data: bytes, delimiter: bytes, *, final: bool) -> tuple[list[int], list[int], list[bool]]:
    """Return starts, ends and whether each row is broken, one row at a time."""
    pattern = _row_pattern(delimiter)
    starts: list[int] = []
    ends: list[int] = []
    broken: list[bool] = []
    position = 0
    while position < len(data):
        match = pattern.match(data, position)
        if match is None:
            if not final and len(data) - position < _UNCLOSED:
                break  # the closing quote may stand in the next block
            end = data.find(b"\n", position)
        else:
            end = match.end()
            end = end if data[end : end + 1] != b"\r" else end + 1
        if end < 0 or end >= len(data):
            if not final:
                break
            end = len(data)
        starts.append(position)
        ends.append(end)
        broken.append(match is None)
        position = end + 1
    return starts, ends, broken


def _field_counts(buf: NDArray[np.uint8], quotes: Ints, ends: Ints, delimiter: int) -> Ints:
    """Return the fields of rows that lie one after the other."""
    delimiters = _outside(quotes, np.flatnonzero(buf == delimiter))
    upto = np.searchsorted(delimiters, ends)
    return np.diff(upto, prepend=0) + 1


def _by_row(data: bytes, delimiter: bytes, *, final: bool) -> tuple[Ints, Ints, Ints]:
    starts, ends, broken = _walk(data, delimiter, final=final)
    fields = []
    for s, e, bad in zip(starts, ends, broken, strict=True):
        row = data[s:e]
        if bad:
            fields.append(0)
        elif b'"' in row:
            # In a row that matched, each delimiter outside a quoted field separates two fields.
            bare = re.sub(rb"(?:(?<=^)|(?<=" + re.escape(delimiter) + rb"))" + _QUOTED, b"", row)
            fields.append(bare.count(delimiter) + 1)
        else:
            fields.append(row.count(delimiter) + 1)
    return np.array(starts, np.int64), np.array(ends, np.int64), np.array(fields, np.int64)


def _without_lone_cr(buf: NDArray[np.uint8], starts: Ints, fields: Ints) -> Ints:
    """Return the fields, 0 for rows with a CR that ends no line: readers disagree on what that means."""
    returns = np.flatnonzero(buf == _CR)
    lone = returns[buf[np.minimum(returns + 1, len(buf) - 1)] != _LF]
    if len(lone) and len(starts):
        fields = fields.copy()
        fields[np.searchsorted(starts, lone, side="right") - 1] = 0
    return fields


def split(data: bytes, delimiter: str, line: int, *, final: bool) -> Records:
    r"""Return the whole rows in the text; blank lines are left out.

    Args:
        data: text that begins with a row.
        delimiter: one ASCII character.
        line: the line number at which the text begins.
        final: whether the text ends with the file, so that its last row needs no line end.

    >>> r = split(b'a,"x\ny"\n\nb,c\n', ",", 1, final=True)
    >>> r.lines.tolist(), r.fields.tolist(), r.raw(1)
    ([1, 4], [2, 2], b'b,c')
    """
    if final and not data.endswith(b"\n"):
        data += b"\n"
    buf = np.frombuffer(data, np.uint8)
    newline = np.flatnonzero(buf == _LF)
    quotes = np.flatnonzero(buf == _QUOTE)
    ends = _outside(quotes, newline)
    used = int(ends[-1]) + 1 if len(ends) else 0
    inner = quotes[: np.searchsorted(quotes, used)]
    whole = len(data) - used < _UNCLOSED and not (final and used < len(data))
    if whole and _quotes_belong(buf[:used], inner, ord(delimiter)):
        starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64) if len(ends) else ends
        fields = _field_counts(buf[:used], inner, ends, ord(delimiter))
    else:
        starts, ends, fields = _by_row(data, delimiter.encode(), final=final)
        used = int(ends[-1]) + 1 if len(ends) else 0
    lines = line + np.searchsorted(newline, starts).astype(np.int64)
    newlines = int(np.searchsorted(newline, used))
    fields = _without_lone_cr(buf[:used], starts, fields)
    cut = ends - ((ends > starts) & (buf[np.maximum(ends - 1, 0)] == _CR)) if len(ends) else ends
    kept: Bools = cut > starts
    return Records(data[:used], starts[kept], cut[kept], lines[kept], fields[kept], used, newlines)
