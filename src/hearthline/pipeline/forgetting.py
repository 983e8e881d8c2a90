"""Somebody is forgotten: taken out of lake, log and answers, and dropped whenever they come again.

Marks are written first, so that nothing of them comes in meanwhile. Then what is there is taken out, the
answer is made anew, and the whole home is searched.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import duckdb
import pyarrow as pa

from hearthline.pipeline.core import Progress
from hearthline.pipeline.loading import load
from hearthline.pipeline.patience import held, patiently
from hearthline.pipeline.rebuilding import prints
from hearthline.pipeline.run import run
from hearthline.pipeline.searching import Searched, searched
from hearthline.pipeline.whose import Theirs, theirs
from hearthline.privacy import cleaned_frame, marks_of
from hearthline.schema.errors import HomeBusy, HomeMissing, NothingToAnswer
from hearthline.schema.settings import Settings
from hearthline.store import log
from hearthline.store.answer import withdraw
from hearthline.store.compaction import sweep
from hearthline.store.erasing import doomed, erase
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from hearthline.store.tombstones import forgotten, remember

__all__ = ["Forget", "Forgot", "forget"]

_ANY_WORD = "EXISTS (SELECT 1 FROM gone_words WHERE contains(CAST({} AS VARCHAR), word))"
_CONDITIONS = {
    "events": "identity IN (SELECT identity FROM gone_identities)",
    "identities": "identity IN (SELECT identity FROM gone_identities)",
    "raw": f"sha256 IN (SELECT sha256 FROM gone_payloads) OR {_ANY_WORD.format('body')}",
    "rejects": _ANY_WORD.format("raw"),
    "mended": _ANY_WORD.format("raw"),
    "assignments": "identifier IN (SELECT id FROM gone_ids)",
    "aliases": "later IN (SELECT id FROM gone_ids) OR earlier IN (SELECT id FROM gone_ids)",
    "statements": '"left" IN (SELECT id FROM gone_ids) OR "right" IN (SELECT id FROM gone_ids)',
}


@dataclass(frozen=True, slots=True)
class Forget:
    """Whom to forget: the person whom identifiers name, or their whole household."""

    identifiers: tuple[str, ...]
    household: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Forgot:
    """What was of somebody.

    Attributes:
        identifiers: how many identifiers are theirs.
        rows: how many rows of each table of the lake.
        frames: how many frames of the log.
        proof: what was searched afterwards, and what was found; None in a dry run.
    """

    identifiers: int
    rows: dict[str, int] = field(default_factory=dict)
    frames: int = 0
    proof: Searched | None = None


def forget(home: HomeFolder, settings: Settings, wanted: Forget, progress: Progress) -> Forgot:
    """Forget somebody, or say what would go; see `Home.forget`.

    Raises:
        UnknownName: nothing here has such an identifier.
        HomeBusy: another process does not let go of the home within two minutes.
    """
    progress("loading the log")
    _all_loaded(home)
    answered = partial(_answered, home, settings, progress)
    if not _fresh(home):
        patiently(answered)
    progress("finding what is theirs")
    whose = theirs(home, settings, wanted.identifiers, household=wanted.household)
    if wanted.dry_run:
        with _named(home, whose) as con:
            return Forgot(len(whose.ids), doomed(Lake(home.lake), con, _CONDITIONS))
    remember(home.path, marks_of(whose.marked, whose.identities, home.ring.marks_key()))
    progress("taking it out")
    rows, frames = _taken_out(home, whose)
    patiently(answered)
    progress("searching the home")
    return Forgot(len(whose.ids), rows, frames, searched(home.path, whose.words))


def _all_loaded(home: HomeFolder) -> None:
    with suppress(HomeBusy):  # a server loads it
        while load(home).more:
            pass


def _fresh(home: HomeFolder) -> bool:
    """Return whether the answer has read all that is in the lake."""
    try:
        return prints(home)[1] == Lake(home.lake).rows("events")
    except HomeMissing:
        return False


def _answered(home: HomeFolder, settings: Settings, progress: Progress) -> None:
    """Make the answer anew; with nothing to answer there is none."""
    with suppress(NothingToAnswer):
        run(home, settings, None, progress, demo=(home.path / "demo.json").exists())


def _taken_out(home: HomeFolder, whose: Theirs) -> tuple[dict[str, int], int]:
    """Take somebody out of lake, log and answers; return how many rows and frames held them."""
    lake = Lake(home.lake)
    with held(home.writing, home.merging, home.loading):  # the log is written to all the same
        with _named(home, whose) as con:
            rows = erase(lake, con, _CONDITIONS)
        frames = log.erase(home.log, partial(cleaned_frame, forgotten=forgotten(home.path)))
        withdraw(home)
        sweep(lake, (), timedelta(0))
        for page in home.path.glob("*.html"):
            page.unlink()
    return rows, frames


@contextmanager
def _named(home: HomeFolder, whose: Theirs) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection on which what is to go has names."""
    files = ", ".join("'" + str(f).replace("'", "''") + "'" for f in Lake(home.lake).files("events"))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register(
            "gone_identities", pa.table({"identity": pa.array(sorted(whose.identities), pa.int64())})
        )
        con.register("gone_ids", pa.table({"id": pa.array(sorted(whose.marked), pa.string())}))
        words = sorted(w for w in whose.words if len(w) >= 4)
        con.register("gone_words", pa.table({"word": pa.array(words, pa.string())}))
        con.execute(
            "CREATE TEMP TABLE gone_payloads AS SELECT DISTINCT raw_sha256 AS sha256 FROM "
            f"read_parquet([{files}], union_by_name = true, hive_partitioning = false) "
            f"WHERE {_CONDITIONS['events']}"
            if files
            else "CREATE TEMP TABLE gone_payloads (sha256 VARCHAR)"
        )
        yield con
