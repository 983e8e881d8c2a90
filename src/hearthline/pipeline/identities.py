"""Who is who over runs, and what people say about it: keys that stay, links by hand, links taken back."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal
from uuid import uuid4

import duckdb
import pyarrow as pa

from hearthline.identity import BEFORE, BY_HAND, CHANGES, STATEMENTS
from hearthline.privacy import Keys, Ring, ring_of
from hearthline.privacy.pseudonym import SUFFIX
from hearthline.schema.errors import HomeDamaged, HomeMissing, UnknownName
from hearthline.schema.records import Alias, Statement
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Batch, Lake, aliases_table

__all__ = [
    "before_this",
    "identifier",
    "in_use",
    "keep_names",
    "link",
    "names_of",
    "stamped",
    "statement_table",
    "stored",
    "take_back",
    "write_statements",
]

Level = Literal["person", "household"]
CERTAIN = 9.21
"""Log-odds of what a person says who knows: 1 in 10,000 is wrong."""
_PERSONAL = frozenset({"email", "phone", "ip", "address", "payment", "name"})
_LOGGED = CHANGES.append(pa.field("time", pa.timestamp("us", tz="UTC")))


def before_this(home: HomeFolder) -> tuple[pa.Table | None, pa.Table]:
    """Return the keys of the published answer (schema `BEFORE`, or None), and its log of changes."""
    try:
        answer = PublishedAnswer(home)
    except HomeMissing:
        return None, _LOGGED.empty_table()
    try:
        columns = ", ".join(BEFORE.names)
        before = answer.table(f"SELECT {columns} FROM identifiers").cast(BEFORE)
        log = answer.table(f"SELECT {', '.join(_LOGGED.names)} FROM identity_changes ORDER BY time")
    except (duckdb.CatalogException, HomeDamaged):  # an answer of an earlier version, or one that broke
        return None, _LOGGED.empty_table()
    finally:
        answer.close()
    return before, log.cast(_LOGGED)


def stamped(changes: pa.Table, time: datetime, earlier: pa.Table) -> pa.Table:
    """Return the log of merges and splits: the earlier ones, then those of this run."""
    stamp = pa.repeat(pa.scalar(time, _LOGGED.field("time").type), changes.num_rows)
    return pa.concat_tables([earlier, changes.append_column("time", stamp).cast(_LOGGED)])


def identifier(text: str, keys: Keys) -> str:
    """Return an identifier as it is stored now: a personal one becomes its keyed hash.

    >>> identifier("customer:17", b"k")
    'customer:17'
    >>> identifier("email:Ann@example.com", b"k") == identifier("email: ann@example.com", b"k")
    True
    """
    return names_of(text, ring_of(keys))[0]


def names_of(text: str, ring: Ring) -> list[str]:
    """Return the names under which an identifier may be stored: a personal one has one for each key.

    One that is a keyed hash already, or not personal, has its own alone.

    >>> len(names_of("email:ann@example.com", Ring(b"new", (b"old",)))), names_of("customer:17", Ring(b"k"))
    (2, ['customer:17'])
    """
    namespace, _, value = text.partition(":")
    if not value:
        raise UnknownName(
            f"link: {len(text)} letters without a colon; write NAMESPACE:VALUE, such as customer:17"
        )
    return ring.names(namespace, value) if namespace.removeprefix("hint.") in _PERSONAL else [text]


def stored(end: str, keys: Keys) -> str:
    """Return an identifier as it is stored now; one that is a keyed hash already stays."""
    namespace = end.partition(":")[0]
    return end if namespace.endswith(SUFFIX) else identifier(end, keys)


def in_use(home: HomeFolder, told: Sequence[str]) -> list[str]:
    """Return identifiers under the names that the answer has; unknown ones as they are stored now."""
    ring = home.ring.now()
    names = [[text] if text.partition(":")[0].endswith(SUFFIX) else names_of(text, ring) for text in told]
    every = sorted({one for some in names for one in some})
    try:
        known = _named_in_answer(home, every)
    except HomeMissing:
        known = {}
    return [next((known[one] for one in some if one in known), some[0]) for some in names]


def _named_in_answer(home: HomeFolder, names: Sequence[str]) -> dict[str, str]:
    """Return the name in use of each of these names that the answer knows."""
    answer = PublishedAnswer(home)
    try:
        answer.connection.register("asked_names", pa.table({"id": pa.array(names, pa.string())}))
        sql = "SELECT id, id AS canonical FROM identifiers WHERE id IN (SELECT id FROM asked_names)"
        if answer.keeps("known_names"):
            sql += " UNION SELECT id, canonical FROM known_names WHERE id IN (SELECT id FROM asked_names)"
        found = answer.table(sql).to_pydict()
        return dict(zip(found["id"], found["canonical"], strict=True))
    finally:
        answer.close()


def keep_names(batch: Batch, told: Iterable[str], ring: Ring) -> None:
    """Write down which hashes are one value's, for values that were named by hand or in a list."""
    if ring.earlier:
        names = [names_of(text, ring) for text in told if text.partition(":")[2]]
        pairs = dict.fromkeys(p for n in names for p in pairwise(n))
        rows = [Alias(later=later, earlier=earlier) for later, earlier in pairs]
        batch.write("aliases", aliases_table(rows, datetime.now(UTC)))


def link(
    home: HomeFolder, ends: tuple[str, str], level: Level, *, not_same: bool, reason: str | None
) -> Statement:
    """Say that two identifiers are one person or household, or are not; see `Home.link`."""
    return _say(home, ends, "not_same" if not_same else "same", level, reason)


def take_back(home: HomeFolder, ends: tuple[str, ...], *, undo: bool, reason: str | None) -> Statement:
    """Say that links between two identifiers no longer count, or count again; see `Home.unmerge`."""
    return _say(home, _both(home, ends), "as_found" if undo else "take_back", "household", reason)


def _both(home: HomeFolder, ends: tuple[str, ...]) -> tuple[str, str]:
    """Return the two identifiers that a link's id, or two identifiers, name."""
    if len(ends) == 2:
        return ends[0], ends[1]
    answer = PublishedAnswer(home)
    try:
        sql = "SELECT left_id, right_id FROM links WHERE link = $link"
        found = answer.table(sql, {"link": ends[0] if ends else ""}).to_pylist()
    finally:
        answer.close()
    if len(ends) != 1 or not found:
        raise UnknownName(
            "unmerge: no link of that id in this answer; `hearthline explain household H` lists them, "
            "or name its two identifiers"
        )
    return found[0]["left_id"], found[0]["right_id"]


def _say(
    home: HomeFolder,
    ends: tuple[str, str],
    kind: Literal["same", "not_same", "take_back", "as_found"],
    level: Level,
    reason: str | None,
) -> Statement:
    ring = home.ring.now()
    left, right = sorted(stored(end, ring) for end in ends)
    if left == right:
        raise UnknownName("link: both identifiers are the same; name two different ones")
    said = Statement(
        id=uuid4().hex,
        left=left,
        right=right,
        kind=kind,
        level=level,
        weight=CERTAIN,
        rule=BY_HAND,
        made=datetime.now(UTC),
        reason=reason,
        consent="said by the controller",
    )
    with home.writing():
        write_statements(home, [said], ends)
    return said


def write_statements(home: HomeFolder, said: list[Statement], told: Iterable[str] = ()) -> None:
    """Append statements to the lake; the caller holds the pen. `told` are the ends as they were told."""
    with Lake(home.lake).batch(datetime.now(UTC)) as batch:
        batch.write("statements", statement_table(said))
        keep_names(batch, told, home.ring.now())


def statement_table(said: list[Statement]) -> pa.Table:
    """Return statements as a table (schema `STATEMENTS`)."""
    columns = []
    for field in STATEMENTS:
        values = [getattr(s, field.name) for s in said]
        plain = [list(v.items()) if isinstance(v, dict) else v for v in values]
        columns.append(pa.array(plain, field.type))
    return pa.Table.from_arrays(columns, schema=STATEMENTS)
