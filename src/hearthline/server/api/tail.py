"""What came after the answer: events of the lake that the current answer does not hold yet.

A large home's answer takes a while to make. What arrived meanwhile is read from the newest files of the lake,
so that it can be seen at once, without credit and before identity resolution has its say.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from hearthline.server.api.shelf import Shelf
from hearthline.store.home import HomeFolder
from hearthline.store.lake import SCHEMAS, Lake

__all__ = ["Tail"]

Row = dict[str, Any]
_MOST, _MOST_READ = 20_000, 200_000
_MEMORY = "256MB"
_SHOWN = """id, source, type, time, time_received, stage, identity, device_kind, touch_channel,
    touch_campaign, commerce_action, commerce_order, commerce_total, commerce_revenue, commerce_currency"""
_FILES = "read_parquet($files, union_by_name = true, hive_partitioning = false)"
_NEW = f"""
    INSERT INTO fresh BY NAME
    SELECT {_SHOWN}, key FROM (
      SELECT *, row_number() OVER (PARTITION BY key ORDER BY time_received) AS nth FROM {_FILES})
    WHERE nth = 1 AND consent_measurement IS DISTINCT FROM 'denied' AND key NOT IN (SELECT key FROM fresh)
    ORDER BY time_received DESC LIMIT {_MOST}"""
_KNOWN = f"DELETE FROM fresh WHERE key IN (SELECT key FROM {_FILES})"
_OLD = f"""
    DELETE FROM fresh WHERE key IN (SELECT key FROM fresh ORDER BY time_received DESC OFFSET {_MOST})"""
_NAMES = f"""
    SELECT identity, i.namespace || ':' || i.value AS name
    FROM (SELECT DISTINCT identity, unnest(identifiers) AS i FROM {_FILES})"""
_MEMBERS = "SELECT identity FROM members WHERE unit = $unit"
_KNOWN_AS = "SELECT id FROM identifiers WHERE unit = $unit"
_NAMED = """
    WITH named AS (
      SELECT m.unit, n.namespace || ':' || n.value AS name
      FROM (SELECT identity, unnest(identifiers) AS n FROM identities) JOIN members m USING (identity))"""
_OWN = f"""{_NAMED}
    SELECT name FROM named WHERE name IN (SELECT name FROM named WHERE unit = $unit)
    GROUP BY name HAVING count(DISTINCT unit) = 1"""
"""The identifiers that name this household and no other one."""
_OTHERS = f"""{_NAMED}
    SELECT name FROM named WHERE name IN (SELECT unnest($names))
    GROUP BY name HAVING count(DISTINCT unit) = 1 AND any_value(unit) <> $unit"""
"""Those of some identifiers that name one other household."""


class Tail:
    """The events of a home that its answer does not hold; asked again, only what is newer is read.

    Events whose sender was denied measurement are left out, as they are from the answer. Of more than 20,000
    the newest are held, and of a great heap that came at once only the newest batches are looked at.
    """

    def __init__(self, home: HomeFolder) -> None:
        self._home, self._lock = home, threading.Lock()
        self._run = ""
        self._stamp = -1
        self._read: set[Path] = set()
        self._names: dict[int, set[str]] = {}
        self._db = duckdb.connect(config={"threads": 1, "memory_limit": _MEMORY})
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.register("empty", SCHEMAS["events"].empty_table())

    def newest(self, shelf: Shelf, most: int, order: str | None = None) -> tuple[list[Row], int]:
        """Return the newest events, of all or of one order, last received first; and how many there are."""
        sql = f"""SELECT {_SHOWN}, count(*) OVER () AS whole FROM fresh
                  WHERE $order IS NULL OR commerce_order = $order
                  ORDER BY time_received DESC, time DESC, id LIMIT $most"""
        found = self._asked(shelf, sql, order=order, most=most)
        return found, found[0]["whole"] if found else 0

    def of_home(self, shelf: Shelf, unit: int, most: int = 50) -> list[Row]:
        """Return the newest events that name an identifier of a household, last received first.

        An identifier that several households have tells of none of them. `unsure` are events that also name
        one of another household: only the next answer says whose they are.
        """
        members = [r["identity"] for r in shelf.rows(_MEMBERS, unit=unit)]
        known = {r["id"] for r in shelf.rows(_KNOWN_AS, unit=unit)}
        with self._lock:
            self._refresh(shelf)
            named = {key: set(names) for key, names in self._names.items() if names & known}
        own = {r["name"] for r in shelf.rows(_OWN, unit=unit)} if named else set()
        theirs = {key: names - own for key, names in named.items() if names & own and key not in members}
        beside = sorted(set().union(*theirs.values()))
        others = {r["name"] for r in shelf.rows(_OTHERS, unit=unit, names=beside)} if beside else set()
        unsure = [key for key, names in theirs.items() if names & others]
        sql = f"""SELECT {_SHOWN}, identity IN (SELECT unnest($unsure::BIGINT[])) AS unsure FROM fresh
                  WHERE identity IN (SELECT unnest($identities))
                  ORDER BY time_received DESC, time DESC, id LIMIT $most"""
        return self._asked(shelf, sql, identities=[*members, *theirs], unsure=unsure, most=most)

    def _asked(self, shelf: Shelf, sql: str, **parameters: Any) -> list[Row]:
        with self._lock:
            self._refresh(shelf)
            found: list[Row] = self._db.sql(sql, params=parameters).to_arrow_table().to_pylist()
            return found

    def _refresh(self, shelf: Shelf) -> None:
        """Read the files that are newer than what was read; begin anew beside another answer."""
        try:
            stamp = (self._home.lake / "manifest.json").stat().st_mtime_ns
        except FileNotFoundError:
            stamp = 0
        if (shelf.run, stamp) == (self._run, self._stamp):
            return
        if shelf.run != self._run:
            self._db.execute(f"CREATE OR REPLACE TABLE fresh AS SELECT {_SHOWN}, key FROM empty")
            self._run, self._read, self._names = shelf.run, set(), {}
        try:
            self._extend({self._home.path / f for f in shelf.about["events"]})
        except duckdb.Error:
            self._run = ""  # a file was merged into another one meanwhile: the next look begins anew
            return
        self._stamp = stamp

    def _extend(self, answered: set[Path]) -> None:
        lake = Lake(self._home.lake).snapshot()
        files: dict[str, list[Path]] = {"events": [], "identities": []}
        rows = 0
        for batch in reversed(lake.manifest()["batches"]):
            events = {lake.folder / f for f in batch["files"].get("events", ())} - answered - self._read
            if events and rows < _MOST_READ:
                rows += batch["rows"].get("events", 0)
                files["events"] += sorted(events)
                files["identities"] += [lake.folder / f for f in batch["files"].get("identities", ())]
            self._read |= events
        if not files["events"]:
            return
        self._db.execute(_NEW, {"files": _texts(files["events"])})
        if answered:  # duplicates, and files into which older ones were merged
            self._db.execute(_KNOWN, {"files": _texts(sorted(answered))})
        self._db.execute(_OLD)
        if files["identities"]:
            for identity, name in self._db.execute(_NAMES, {"files": _texts(files["identities"])}).fetchall():
                self._names.setdefault(identity, set()).add(name)


def _texts(files: Sequence[Path]) -> list[str]:
    return [str(f) for f in files]
