"""What is of somebody: from an identifier to all that the answer joined to it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from hearthline.identity import Policies
from hearthline.pipeline.identities import names_of
from hearthline.privacy import Ring
from hearthline.privacy.pseudonym import SUFFIX
from hearthline.schema.errors import HomeMissing, UnknownName
from hearthline.schema.settings import Settings
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder
from hearthline.store.lake import SCHEMAS, Lake

__all__ = ["Theirs", "theirs"]

_SHARED = ("device", "network")
_NAMED = """
    CREATE OR REPLACE TEMP TABLE named AS
    SELECT DISTINCT identity, i.namespace || ':' || i.value AS id FROM ids, UNNEST(identifiers) AS u(i)
    UNION
    SELECT DISTINCT identity, 'hint.' || h.kind || ':' || h.value FROM ids, UNNEST(household_hints) AS u(h)"""


@dataclass(frozen=True, slots=True)
class Theirs:
    """What is somebody's.

    Attributes:
        ids: identifiers as stored, under whatever key.
        marked: these, and those that the values asked for would have under every valid key.
        identities: the identities that name them.
        words: all words to look for.
    """

    ids: frozenset[str]
    marked: frozenset[str]
    identities: frozenset[int]
    words: frozenset[str]


def theirs(home: HomeFolder, settings: Settings, asked: Sequence[str], *, household: bool) -> Theirs:
    """Return what is of the person, or the household, that identifiers name.

    Devices and networks that they used are left out: others use them too. What happened on a device
    without a word on the person is the household's.

    Raises:
        UnknownName: nothing here has such an identifier.
    """
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        _load_named(con, Lake(home.lake))
        _load_aliases(con, Lake(home.lake))
        asked_for = _one_value(con, set(_matching(con, home.ring.now(), asked)))
        if not asked_for:
            raise UnknownName(
                f"forget: nothing here is of the {len(asked)} identifiers; "
                "write NAMESPACE:VALUE, as `hearthline sql 'SELECT id FROM identifiers'` lists them"
            )
        joined, members = _joined(home, asked_for, "unit" if household else "person")
        policies = Policies(settings.identity.policies, settings.identity.blocked)
        own = {i for i in joined if policies.of(i.partition(":")[0]).names not in _SHARED}
        marked = frozenset(_one_value(con, asked_for | own))
        ids = frozenset(_named_ones(con, marked))
        con.register("own", pa.table({"id": pa.array(sorted(ids), pa.string())}))
        found = con.execute("SELECT DISTINCT identity FROM named WHERE id IN (SELECT id FROM own)").fetchall()
    identities = frozenset(members) | {i for (i,) in found}
    words = {i.partition(":")[2] for i in marked} | {a.partition(":")[2] or a for a in asked}
    return Theirs(ids, marked, identities, frozenset(words))


def _load_named(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Make the table `named`: which identity names which identifier."""
    files = ", ".join("'" + str(f).replace("'", "''") + "'" for f in lake.files("identities"))
    con.register("no_ids", SCHEMAS["identities"].empty_table())
    source = f"read_parquet([{files}], hive_partitioning = false)" if files else "no_ids"
    con.execute(f"CREATE TEMP VIEW ids AS SELECT * FROM {source}")
    con.execute(_NAMED)


def _load_aliases(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Make the table `aliases`: which two names are one value's."""
    files = ", ".join("'" + str(f).replace("'", "''") + "'" for f in lake.files("aliases"))
    con.register("no_aliases", SCHEMAS["aliases"].empty_table())
    source = f"read_parquet([{files}], hive_partitioning = false)" if files else "no_aliases"
    con.execute(f"CREATE TEMP TABLE aliases AS SELECT DISTINCT later, earlier FROM {source}")


def _one_value(con: duckdb.DuckDBPyConnection, names: set[str]) -> set[str]:
    """Return names with all others of the same values."""
    found = set(names)
    while True:
        con.register("so_far", pa.table({"id": pa.array(sorted(found), pa.string())}))
        more = con.execute(
            "SELECT later FROM aliases WHERE earlier IN (SELECT id FROM so_far) UNION "
            "SELECT earlier FROM aliases WHERE later IN (SELECT id FROM so_far)"
        ).fetchall()
        if {one for (one,) in more} <= found:
            return found
        found |= {one for (one,) in more}


def _matching(con: duckdb.DuckDBPyConnection, ring: Ring, asked: Sequence[str]) -> Iterator[str]:
    """Yield what was asked for, by name and value or by a value alone, under the names of every valid key.

    Names of a value come together, as soon as one of them is stored.
    """
    found = con.execute("SELECT DISTINCT split_part(id, ':', 1) FROM named").fetchall()
    namespaces = [namespace for (namespace,) in found]
    groups: list[list[str]] = []
    for text in asked:
        groups += [[text], names_of(text, ring)] if ":" in text else []
        groups += [[f"{n}:{text}"] for n in namespaces]
        hashed = [n for n in namespaces if n.endswith(SUFFIX)]
        groups += [[f"{n}:{one}" for one in _hashes(n, text, ring)] for n in hashed]
    known = _named_ones(con, {name for names in groups for name in names})
    for names in groups:
        if known.intersection(names):
            yield from names


def _named_ones(con: duckdb.DuckDBPyConnection, names: Collection[str]) -> set[str]:
    """Return those names that something stored has."""
    con.register("wanted", pa.table({"id": pa.array(sorted(names), pa.string())}))
    rows = con.execute("SELECT DISTINCT id FROM named WHERE id IN (SELECT id FROM wanted)").fetchall()
    return {one for (one,) in rows}


def _hashes(namespace: str, value: str, ring: Ring) -> list[str]:
    return ring.hashes(namespace.removeprefix("hint.").removesuffix(SUFFIX), value)


def _joined(home: HomeFolder, ids: Collection[str], level: str) -> tuple[set[str], set[int]]:
    """Return the identifiers and identities that the answer joins to these as one person or household."""
    try:
        answer = PublishedAnswer(home)
    except HomeMissing:  # nothing that may be used was ever joined
        return set(), set()
    try:
        answer.connection.register("asked", pa.table({"id": pa.array(sorted(ids), pa.string())}))
        who = f"SELECT {level} FROM identifiers WHERE id IN (SELECT id FROM asked) AND {level} IS NOT NULL"
        joined = answer.table(f"SELECT id FROM identifiers WHERE {level} IN ({who})")["id"].to_pylist()
        members = answer.table(f"SELECT DISTINCT identity FROM members WHERE {level} IN ({who})")
        found = set(members["identity"].to_pylist())
        return set(joined), found | _stored_with(answer, found)
    finally:
        answer.close()


def _stored_with(answer: PublishedAnswer, canonical: set[int]) -> set[int]:
    """Return the identities, as stored, that are these since a key was rotated."""
    if not answer.keeps("known_moved"):
        return set()
    moved = answer.table("SELECT identity, canonical FROM known_moved").to_pydict()
    return {i for i, c in zip(moved["identity"], moved["canonical"], strict=True) if c in canonical}
