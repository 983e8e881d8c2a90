"""Which column could be which field, by its name and, where the name says nothing, by its values."""

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path
from typing import NamedTuple, cast

import pyarrow as pa

from hearthline.files import delimited, documents, parquet
from hearthline.files.columns import FIELDS, SETTINGS, Found, found_in, likeliest, missing, simplified
from hearthline.files.currencies import CODES
from hearthline.files.opening import first
from hearthline.files.rows import Kind
from hearthline.files.typed import text_of
from hearthline.files.values import connect
from hearthline.files.words import DEVICE_KINDS, device_kind
from hearthline.schema.errors import BadFile

__all__ = ["Proposal", "Proposed", "mapping_of", "propose"]

_SAMPLE = 500
_MOST = 0.9  # of a column's values that must have the form
_LONE = 2  # of more than so few values one may be odd
_FEW = 60  # different values of a column of names


class Proposed(NamedTuple):
    """One column: some of its values, the field that it could be, and what speaks for it.

    `because` is `name`, `values: ...`, `you`, or empty where it is left out.
    """

    column: str
    examples: tuple[str, ...]
    field: str | None
    because: str


class Proposal(NamedTuple):
    """What a table could be.

    Attributes:
        kind: `events`, `orders` or `spend`.
        columns: every column of the table, in its order.
        mapping: field -> column, and settings: what `read` takes as its mapping.
        lacking: groups of needed fields that no column seems to be; one of each group would do.
    """

    kind: Kind
    columns: tuple[Proposed, ...]
    mapping: dict[str, str]
    lacking: tuple[tuple[str, ...], ...]


def mapping_of(path: Path, told: Mapping[str, str | Mapping[str, str]]) -> dict[str, str]:
    """Return the mapping for one file: what is said of all files, then of those with such a name.

    >>> mapping_of(Path("in/till-7.csv"), {"tz": "UTC", "till*.csv": {"ts": "when"}, "x.csv": {"ts": "t"}})
    {'tz': 'UTC', 'ts': 'when'}
    """
    found = {field: column for field, column in told.items() if isinstance(column, str)}
    for pattern, own in told.items():
        if not isinstance(own, str) and fnmatch(path.name, pattern):
            found |= own
    return found


def propose(path: Path, mapping: Mapping[str, str] | None = None, kind: str | None = None) -> Proposal:
    r"""Return what the file's columns could be; nothing is read into anything.

    Args:
        path: a table: CSV and its kin, Parquet, flat JSON.
        mapping: what you know already: field -> column, and settings.
        kind: `events`, `orders` or `spend`; by default the kind for which most is there.

    Raises:
        BadFile: it is no table, or there is no such kind.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "till.csv"
    >>> rows = "7;2026-03-01 10:00;a@b.example;12.50\n8;2026-03-02 9:00;c@d.example;3.20\n"
    >>> _ = file.write_text("Bon;Moment;Wer;Wert\n" + rows)
    >>> found = propose(file)
    >>> found.kind, found.mapping
    ('orders', {'order_id': 'Bon', 'total': 'Wert', 'ts': 'Moment', 'email': 'Wer'})
    """
    told = dict(mapping or {})
    if kind is not None and kind not in FIELDS:
        raise BadFile(f"{path}: no kind of table named {kind!r}; choose one of {', '.join(FIELDS)}")
    table = _sample(path, told)
    header = table.column_names
    unknown = [c for f, c in told.items() if c not in header and f in _field_names() - SETTINGS.keys()]
    if unknown:
        raise BadFile(f"{path}:1: no column named {unknown[0]!r}; it has {', '.join(header)[:300]}; check it")
    values = {c: [v for v in text_of(table.column(c)).to_pylist() if v is not None] for c in header}
    kinds = (cast("Kind", kind),) if kind else likeliest(header, told)
    tried = [_by_values(found_in(header, k, told), values) for k in kinds]
    found, whys = min(tried, key=_doubt)
    fields = {column: name for name, column in found.columns.items()}
    columns = tuple(
        Proposed(c, tuple(dict.fromkeys(values[c]))[:3], f := fields.get(c), _why(f, told, whys) if f else "")
        for c in header
    )
    return Proposal(found.kind, columns, {**found.columns, **found.settings}, tuple(missing(found)))


def _doubt(tried: tuple[Found, dict[str, str]]) -> float:
    """Return how little speaks for a kind.

    A missing field weighs as much as two that have their usual name, or four that values alone tell.
    """
    found, whys = tried
    return len(missing(found)) + len(whys) / 4 - (len(found.columns) - len(whys)) / 2


def _field_names() -> frozenset[str]:
    return frozenset(f.name for fields in FIELDS.values() for f in fields)


def _why(name: str, told: Mapping[str, str], whys: Mapping[str, str]) -> str:
    return "you" if name in told else whys.get(name, "name")


def _sample(path: Path, mapping: Mapping[str, str]) -> pa.Table:
    """Return the first rows as the file's own columns."""
    if not path.is_file():
        raise BadFile(f"{path}: there is no such file; looked in {path.absolute().parent}; check the name")
    if parquet.is_parquet(path):
        batches = parquet.batches(parquet.opened(path), path, _SAMPLE)
    else:
        encoding = mapping.get("encoding")
        start = first(path, encoding)
        if documents.looks_like_json(start):
            columns = documents.columns_of(path, encoding)
            batches = documents.batches(connect(), path, columns, _SAMPLE, encoding)
        else:
            dialect = delimited.dialect_of(path, start, mapping.get("delimiter"))
            batches = delimited.batches(path, dialect, encoding)
    batch = next(batches, None)
    if batch is None or not batch.table.num_columns:
        raise BadFile(f"{path}:1: no rows of a table; give a file with a header and rows")
    return batch.table.slice(0, _SAMPLE)


# By values ----------------------------------------------------------------------------------------

_TIME = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([T ,].*)?"
    r"|1\d{9}(\d{3}|\d{6})?(\.\d+)?"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_IP = re.compile(r"\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")
_PHONE = re.compile(r"(\+|00)[\d /().-]{7,}")
_AMOUNT = re.compile(r"[-+]?[€$£]?\s?\d{1,3}([., ]?\d{3})*[.,]\d{1,4}\s?[€$£]?")
_PART = re.compile("tax|vat|mwst|steuer|ship|versand|fee|discount|rabatt|price|preis")  # never a total
_NAME = re.compile(r"[^\W\d][\w .:/&+-]{1,60}")
_HAPPENING = re.compile(
    r"view|click|open|order|purchas|impression|play|search|ask|visit|cart|checkout|press|launch|watch|listen|heard"
    r"|seen|read|subscri|cancel|refund|intent|start|complete|page|login|sign|tap|spoke|voice|send|sent",
    re.IGNORECASE,
)
_MARKED = re.compile(r"(?=.*\d)[#\w][\w#:./-]{0,63}")
_ID = re.compile(r"[#\w][\w#:./-]{0,63}")

Values = Sequence[str]


def _all(rule: Callable[[str], object], values: Values) -> bool:
    odd = sum(not rule(v) for v in values)
    return bool(values) and odd <= max((1 - _MOST) * len(values), len(values) > _LONE)


def _few_names(values: Values) -> bool:
    return _all(_NAME.fullmatch, values) and len(set(values)) <= min(_FEW, max(2, len(values) * 0.7))


def _each_once(values: Values) -> bool:
    return _all(_ID.fullmatch, values) and len(set(values)) == len(values)


def _returning(values: Values) -> bool:
    """Return whether these are ids that come again, as homes and customers do."""
    ids = _all(_MARKED.fullmatch, values) and not _all(_AMOUNT.fullmatch, values)
    return ids and 1 < len(set(values)) < len(values)


_SEEN: dict[str, tuple[Callable[[Values], bool], str]] = {
    "time": (lambda v: _all(_TIME.fullmatch, v), "times"),
    "email": (lambda v: _all(_EMAIL.fullmatch, v), "e-mail addresses"),
    "ip": (lambda v: _all(_IP.fullmatch, v), "IP addresses"),
    "phone": (lambda v: _all(_PHONE.fullmatch, v), "telephone numbers"),
    "currency": (lambda v: _all(lambda x: x.upper() in CODES, v), "codes of currencies"),
    "amount": (lambda v: _all(_AMOUNT.fullmatch, v), "amounts"),
    "device": (
        lambda v: _all(lambda x: device_kind(x) in DEVICE_KINDS, v),
        "kinds of devices",
    ),
    "happenings": (lambda v: _few_names(v) and any(map(_HAPPENING.search, v)), "what happens"),
    "names": (_few_names, "few names"),
    "once": (_each_once, "each only once"),
    "again": (_returning, "ids that come again"),
}
# Which forms a field takes, first the surest; a column is given away once.
_WANTED: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    "orders": (("ts", "time"), ("email", "email"), ("ip", "ip"), ("phone", "phone"), ("currency", "currency"),
               ("total", "amount"), ("order_id", "once"), ("customer", "again")),
    "events": (("ts", "time"), ("email", "email"), ("ip", "ip"), ("phone", "phone"),
               ("device_type", "device"), ("event", "happenings"), ("household", "again"),
               ("event", "names")),
    "spend": (("day", "time"), ("currency", "currency"), ("cost", "amount"), ("channel", "names"),
              ("campaign", "names")),
}  # fmt: skip
_WHO = frozenset(("household", "person", "customer", "email", "phone", "ip", "device_id"))
_INSTEAD: Mapping[str, frozenset[str]] = {
    "total": frozenset(("total", "net", "gross")),
    "cost": frozenset(("cost", "cost_micros")),
    "event": frozenset(("event", "channel", "source", "medium")),
    "customer": _WHO,
    "household": _WHO,
}
"""Fields that make a guess at another one needless."""


def _by_values(found: Found, values: Mapping[str, Values]) -> tuple[Found, dict[str, str]]:
    """Return the table with the fields that values tell added, and what spoke for each of them."""
    columns, whys = dict(found.columns), dict[str, str]()
    for name, form in _WANTED[found.kind]:
        if columns.keys() & _INSTEAD.get(name, frozenset((name,))) or name in found.settings:
            continue
        fits, said = _SEEN[form]
        free = [c for c in values if c not in columns.values() and fits(values[c])]
        if form == "amount":
            free = [c for c in free if not _PART.search(simplified(c))]
        if free:
            columns[name] = max(free, key=lambda c: _size(values[c])) if form == "amount" else free[0]
            whys[name] = f"values: {said}"
    order = [f.name for f in FIELDS[found.kind]]
    named = dict(sorted(columns.items(), key=lambda item: order.index(item[0])))
    settings = found_in([*values], found.kind, {**found.settings, **named}).settings
    ignored = tuple(c for c in chain(values) if c not in named.values())
    return Found(found.kind, named, settings, ignored), whys


def _size(values: Values) -> float:
    """Return how large the amounts are: of several the total is the largest."""
    parts = (re.sub(r"[^\d.,]", "", v).replace(",", ".").rpartition(".") for v in values)
    return sum(float(f"0{whole.replace('.', '')}.{part}0") for whole, _, part in parts)
