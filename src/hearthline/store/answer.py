"""Published answers: one immutable DuckDB file a run, and a pointer to the one to read.

A run writes a draft; publishing renames it and then replaces the pointer, so a run that is killed
leaves the last good answer, and readers go on reading while the next one is made. Everything in an
answer can be made again from the lake.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from hearthline.schema.errors import HomeMissing
from hearthline.store.damage import broken_answer
from hearthline.store.home import HomeFolder, sync_folder, write_durably
from hearthline.store.lake import SCHEMAS, Lake
from hearthline.store.renamed import AS_ONE, SAID_AS_ONE

__all__ = ["PublishedAnswer", "draft", "pinned", "publish", "withdraw"]

_KEPT = 2
_ASKED_WRONGLY = (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException)
_LATEST = {
    "metrics": ' QUALIFY row_number() OVER (PARTITION BY source, metric, start, "end", dimensions '
    "ORDER BY received DESC) = 1"
}
"""What a platform reports again takes the place of what it reported before."""
_YOUNGER = {
    "rates": "SELECT currency, CAST(1 AS DECIMAL(18, 8)) AS rate FROM run",
    "payments": "SELECT '' AS source, '' AS payment, '' AS order_id WHERE false",
}
"""Tables that an answer of an earlier version may not have, and what stands for them there."""


def draft(home: HomeFolder, run: str) -> Path:
    """Return the file that a run writes to before it is published; drafts left by killed runs go."""
    home.answers.mkdir(
        exist_ok=True
    )  # answers are made anew from the lake, so somebody may have cleared them
    for stray in home.answers.glob("*.draft*"):
        stray.unlink(missing_ok=True)
    return home.answers / f"{run}.draft"


def publish(home: HomeFolder, lake: Lake, run: str, about: dict[str, Any]) -> None:
    """Make a run's draft the answer that readers see; the one before it is kept, older ones go.

    `lake` is the snapshot that the run read: the answer names its events' files.
    """
    file = home.answers / f"{run}.duckdb"
    (home.answers / f"{run}.draft").replace(file)
    files = [str(f.relative_to(home.path)) for f in lake.files("events")]
    pointer = {"run": run, "file": file.name, "bytes": file.stat().st_size, "events": files, **about}
    write_durably(home.answers / "current.json", json.dumps(pointer, indent=1).encode())
    for old in sorted(home.answers.glob("*.duckdb"), key=lambda p: p.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)


def pinned(home: HomeFolder) -> set[Path]:
    """Return the files of the lake that the current answer reads; they must stay."""
    pointer = home.answers / "current.json"
    if not pointer.exists():
        return set()
    try:
        return {home.path / f for f in json.loads(pointer.read_bytes())["events"]}
    except (ValueError, KeyError, TypeError):  # it reads nothing any more
        return set()


def withdraw(home: HomeFolder) -> None:
    """Remove every answer; those who are reading one go on until they close it."""
    (home.answers / "current.json").unlink(missing_ok=True)
    for file in (f for f in home.answers.iterdir() if f.is_file()):
        file.unlink(missing_ok=True)
    sync_folder(home.answers)


class PublishedAnswer:
    """The current answer of a home, read-only; any number of readers at a time.

    Raises:
        HomeMissing: the home has no answer yet.
        HomeDamaged: a part of it is gone or cannot be read.
    """

    def __init__(self, home: HomeFolder) -> None:
        pointer = home.answers / "current.json"
        if not pointer.exists():
            raise HomeMissing(f"{home.path}: no answer yet; run `hearthline run --home {home.path}`")
        self._home = home
        self.about: dict[str, Any] = {}
        with self._reading(ValueError, KeyError, TypeError, OSError, EOFError):
            self.about = json.loads(pointer.read_bytes())
            size = (home.answers / self.about["file"]).stat().st_size
            if size < self.about.get("bytes", size):  # cut short
                raise EOFError
            self._open(home)

    @contextmanager
    def _reading(self, *others: type[Exception]) -> Iterator[None]:
        """Say in words what is broken of the home, where that is why something could not be read."""
        kinds: tuple[type[Exception], ...] = (duckdb.Error, *others)
        try:
            yield
        except _ASKED_WRONGLY:
            raise
        except kinds as error:
            if (broken := broken_answer(self._home, self.about, error)) is None:
                raise
            raise broken from error

    def _open(self, home: HomeFolder) -> None:
        # one thread: sums of floats then always add up in one order
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET TimeZone = 'UTC'")
        file = str(home.answers / self.about["file"]).replace("'", "''")
        self.connection.execute(f"ATTACH '{file}' AS answer (READ_ONLY); USE answer")
        for table in (
            "events",
            "rejects",
            "spend",
            "metrics",
            "raw",
            "identities",
            "statements",
            "assignments",
        ):
            self._view(table, home, Lake(home.lake))
        self._as_one()
        for table, select in _YOUNGER.items():
            if not self.keeps(table):
                self.connection.execute(f"CREATE TEMP VIEW {table} AS {select}")
        self.currency: str = self.about["currency"]
        self.source: str = f"{home.path.name}, run {self.about['run']}"

    def _view(self, table: Any, home: HomeFolder, lake: Lake) -> None:
        files = [home.path / f for f in self.about["events"]] if table == "events" else lake.files(table)
        if files:
            names = ", ".join("'" + str(f).replace("'", "''") + "'" for f in files)
            select = f"SELECT * FROM read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
            self.connection.execute(f"CREATE TEMP VIEW {table} AS {select}{_LATEST.get(table, '')}")
        else:
            self.connection.register(f"empty_{table}", SCHEMAS[table].empty_table())
            self.connection.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM empty_{table}")

    def _as_one(self) -> None:
        """Where a key was rotated: show what is stored with one name for each value."""
        if not self.keeps("known_names"):
            return
        if not self.connection.execute("SELECT count(*) FROM known_names").fetchall()[0][0]:
            return
        for table, select in (AS_ONE | SAID_AS_ONE).items():
            self.connection.execute(f"ALTER VIEW {table} RENAME TO stored_{table}")
            as_one = select.format(source=f"stored_{table}")
            self.connection.execute(f"CREATE TEMP VIEW {table} AS {as_one}")

    def keeps(self, table: str) -> bool:
        """Return whether the answer has a table of that name; one of an earlier version may not."""
        asked = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'answer' AND table_name = $1"
        return bool(self.connection.execute(asked, [table]).fetchall()[0][0])

    def table(self, sql: str, parameters: dict[str, Any] | None = None) -> pa.Table:
        """Return the result of a SELECT over the answer's tables; `$name` stands for a parameter."""
        used = {k: v for k, v in (parameters or {}).items() if f"${k}" in sql}
        with self._reading():
            return self.connection.sql(sql, params=used).to_arrow_table()

    def prints(self) -> dict[str, str]:
        """Return a checksum of each table's rows, whatever their order; `run` is told apart by its times."""
        with self._reading():
            return self._prints()

    def _prints(self) -> dict[str, str]:
        names = self.connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'answer' AND table_name <> 'run' "
            "ORDER BY table_name"
        ).fetchall()
        return {name: self._print(name) for (name,) in names}

    def _print(self, table: str) -> str:
        row = "md5_number_lower(CAST(t AS VARCHAR))"
        counted = self.connection.execute(
            f'SELECT count(*), sum(CAST({row} AS HUGEINT)), bit_xor({row}) FROM answer.main."{table}" t'
        ).fetchall()
        return "-".join(map(str, counted[0]))

    def close(self) -> None:
        """Let go of the files."""
        self.connection.close()
