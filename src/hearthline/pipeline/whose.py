"""What is of somebody: from an identifier to all that the answer joined to it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from hearthline.identity import Policies
from hearthline.pipeline.identities import identifier
from hearthline.privacy.pseudonym import SUFFIX, pseudonym
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
    """Somebody's identifiers as stored, the identities that name them, and all words to look for."""

    ids: frozenset[str]
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
        asked_for = set(_matching(con, home.key, asked))
        if not asked_for:
            raise UnknownName(
                f"forget: nothing here is of the {len(asked)} identifiers; "
                "write NAMESPACE:VALUE, as `hearthline sql 'SELECT id FROM identifiers'` lists them"
            )
        joined, members = _joined(home, asked_for, "unit" if household else "person")
        policies = Policies(settings.identity.policies, settings.identity.blocked)
        own = {i for i in joined if policies.of(i.partition(":")[0]).names not in _SHARED}
        ids = frozenset(asked_for | own)
        con.register("own", pa.table({"id": pa.array(sorted(ids), pa.string())}))
        found = con.execute("SELECT DISTINCT identity FROM named WHERE id IN (SELECT id FROM own)").fetchall()
    identities = frozenset(members) | {i for (i,) in found}
    words = {i.partition(":")[2] for i in ids} | {a.partition(":")[2] or a for a in asked}
    return Theirs(ids, identities, frozenset(words))


def _load_named(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Make the table `named`: which identity names which identifier."""
    files = ", ".join("'" + str(f).replace("'", "''") + "'" for f in lake.files("identities"))
    con.register("no_ids", SCHEMAS["identities"].empty_table())
    source = f"read_parquet([{files}], hive_partitioning = false)" if files else "no_ids"
    con.execute(f"CREATE TEMP VIEW ids AS SELECT * FROM {source}")
    con.execute(_NAMED)


def _matching(con: duckdb.DuckDBPyConnection, key: bytes, asked: Sequence[str]) -> Iterator[str]:
    """Yield the stored identifiers that were asked for, by name and value or by their value alone."""
    found = con.execute("SELECT DISTINCT split_part(id, ':', 1) FROM named").fetchall()
    namespaces = [namespace for (namespace,) in found]
    wanted: set[str] = set()
    for text in asked:
        wanted |= {text, identifier(text, key)} if ":" in text else set()
        wanted |= {f"{n}:{text}" for n in namespaces}
        wanted |= {f"{n}:{_hash(n, text, key)}" for n in namespaces if n.endswith(SUFFIX)}
    con.register("wanted", pa.table({"id": pa.array(sorted(wanted), pa.string())}))
    for (one,) in con.execute("SELECT DISTINCT id FROM named WHERE id IN (SELECT id FROM wanted)").fetchall():
        yield one


def _hash(namespace: str, value: str, key: bytes) -> str:
    return pseudonym(namespace.removeprefix("hint.").removesuffix(SUFFIX), value, key)


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
        return set(joined), set(members["identity"].to_pylist())
    finally:
        answer.close()
