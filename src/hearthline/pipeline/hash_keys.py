"""The keys with which personal identifiers are hashed: listed, rotated, destroyed.

Rotating makes a new key the current one. While an earlier key is valid, each value that comes is hashed
with both, and the pair is written down: everybody stays who they were. Destroying a key makes it impossible
to hash with it again: whoever did not come since is then not recognised by a value in clear any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from hearthline.identity import one_name
from hearthline.privacy import key_id
from hearthline.privacy.pseudonym import SUFFIX
from hearthline.schema.arrow import IDENTITIES
from hearthline.store.compaction import sweep
from hearthline.store.erasing import erase
from hearthline.store.home import HomeFolder
from hearthline.store.lake import SCHEMAS, Lake, TableName

__all__ = ["DestroyedKey", "ListedKey", "destroy_hash_key", "hash_keys", "rotate_hash_key"]


_NAMED = """
    CREATE TEMP TABLE named AS
    SELECT i.namespace || ':' || i.value AS id FROM identities, UNNEST(identifiers) AS u(i)
    UNION SELECT 'hint.' || h.kind || ':' || h.value FROM identities, UNNEST(household_hints) AS u(h)"""
_JOINING = """
    CREATE TEMP TABLE joining AS
    WITH several AS (SELECT DISTINCT canonical FROM names SEMI JOIN named USING (id))
    SELECT id FROM names SEMI JOIN several USING (canonical) UNION SELECT canonical FROM several"""
"""Names of values that are stored under more than one."""


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key of the hashes as it may be shown.

    Attributes:
        id: eight digits that name it and tell nothing of it.
        current: whether what comes is hashed with it.
        rotated: when another took its place (UTC); None for the current one.
        not_seen_since: for the oldest key: how many personal identifiers have not come since it was rotated,
            and would not be recognised by their value any more without it; else None.
    """

    id: str
    current: bool
    rotated: datetime | None
    not_seen_since: int | None


@dataclass(frozen=True, slots=True)
class DestroyedKey:
    """What destroying a key did.

    Attributes:
        id: of the key.
        left: how many personal identifiers are not recognised by their value any more.
        dropped: how many hashes with the key went that no event was ever stored with.
    """

    id: str
    left: int
    dropped: int


def hash_keys(home: HomeFolder) -> list[ListedKey]:
    """Return the keys of the hashes, the current one first; see `Home.hash_keys`."""
    listed = home.ring.listed()
    left = len(_not_seen_since(home)) if len(listed) > 1 else None
    return [
        ListedKey(k.id, k.current, k.rotated, left if k is listed[-1] and not k.current else None)
        for k in listed
    ]


def rotate_hash_key(home: HomeFolder) -> str:
    """Make a new key the current one, and return its id; see `Home.rotate_hash_key`."""
    with home.writing():
        home.ring.rotate()
        return key_id(home.ring.now().current)


def destroy_hash_key(home: HomeFolder, name: str, *, dry_run: bool = False) -> DestroyedKey:
    """Destroy the oldest key; see `Home.destroy_hash_key`."""
    with home.writing(), home.loading(), home.merging():
        left = _not_seen_since(home)
        if dry_run:
            return DestroyedKey(name, len(left), 0)
        home.ring.destroy(name)
        return DestroyedKey(name, len(left), _dropped(home))


def _not_seen_since(home: HomeFolder) -> set[str]:
    """Return hashes in the lake of which no pair with a later key's was written down."""
    lake = Lake(home.lake)
    with duckdb.connect() as con:
        _scan(con, lake)
        sql = f"""SELECT id FROM named WHERE ends_with(split_part(id, ':', 1), '{SUFFIX}')
          AND id NOT IN (SELECT earlier FROM aliases) AND id NOT IN (SELECT later FROM aliases)"""
        return {one for (one,) in con.execute(sql).fetchall()}


def _dropped(home: HomeFolder) -> int:
    """Take pairs out of the lake that join nothing stored, and return how many."""
    lake = Lake(home.lake)
    if not lake.files("aliases"):
        return 0
    with duckdb.connect() as con:
        _scan(con, lake)
        pairs: pa.Table = con.sql(
            "SELECT later, earlier, 0::BIGINT AS received_us FROM aliases"
        ).to_arrow_table()
        stored: pa.Table = con.sql(f"SELECT {', '.join(IDENTITIES.names)} FROM identities").to_arrow_table()
        con.register("names", one_name(stored.cast(IDENTITIES), pairs).names)
        con.execute(_JOINING)
        count = erase(lake, con, {"aliases": "later NOT IN (SELECT id FROM joining)"})["aliases"]
    sweep(lake, (), timedelta(0))
    return count


def _scan(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Make the tables `identities` and `aliases` as stored, and `named`, all that identities name."""
    tables: tuple[TableName, ...] = ("identities", "aliases")
    for table in tables:
        files = ", ".join("'" + str(f).replace("'", "''") + "'" for f in lake.files(table))
        con.register("no_rows", SCHEMAS[table].empty_table())
        source = f"read_parquet([{files}], hive_partitioning = false)" if files else "no_rows"
        con.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM {source}")
        con.unregister("no_rows")
    con.execute(_NAMED)
