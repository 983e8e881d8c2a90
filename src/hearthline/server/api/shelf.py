"""The figures of the current answer, made ahead: a screen never waits for a table to be summed up.

A run that is published is noticed by its pointer's time stamp. Its figures are made in a thread beside the
old ones, which stay in use until the new ones are all there.
"""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from hearthline import reports
from hearthline.schema.errors import HomeMissing
from hearthline.schema.figure import Figure
from hearthline.server.api.errors import Refusal
from hearthline.server.memory import give_back
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder

__all__ = ["Shelf", "Shelves"]

_LOG = logging.getLogger(__name__)


class Shelf:
    """One run: its figures by name, each made once, and its tables for what no figure holds."""

    def __init__(self, home: HomeFolder) -> None:
        self._answer = PublishedAnswer(home)
        self._lookup = PublishedAnswer(home)
        # A look-up sums nothing in floats, so it may use several threads.
        self._lookup.connection.execute("SET threads = 4")
        self._making, self._looking = threading.Lock(), threading.Lock()
        self._figures: dict[str, Figure] = {}
        self.about: Mapping[str, Any] = self._answer.about
        self.run: str = self.about["run"]
        self.currency = self._answer.currency
        self.facts: dict[str, Any] = self.rows("SELECT * FROM run")[0]
        self.models = tuple(r["model"] for r in self.rows("SELECT model FROM models ORDER BY model"))

    def figure(self, name: str) -> Figure:
        """Return a report's figure, made at the latest now.

        Raises:
            UnknownName: there is no such report.
            Refusal: this answer, made by another version, lacks what the report reads.
        """
        if name not in self._figures:
            report = reports.load(name)
            with self._making:
                if name not in self._figures:
                    self._figures[name] = self._built(name, report)
        return self._figures[name]

    def _built(self, name: str, report: Any) -> Figure:
        try:
            figure: Figure = report.build(self._answer)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            wrong = f"this answer was made by another version and lacks what the report {name} reads"
            raise Refusal(503, "answer-too-old", wrong, "make it anew with `hearthline run`") from error
        return figure

    def make_all(self) -> None:
        """Make every figure; one that cannot be made is told in the log and again when it is asked for."""
        for name in reports.in_order():
            try:
                self.figure(name)
            except Exception as error:  # noqa: BLE001 # one report's defect must not keep the others from being shown
                _LOG.warning("report %s could not be made: %s", name, type(error).__name__)

    def table(self, sql: str, parameters: dict[str, Any] | None = None) -> pa.Table:
        """Return the result of a SELECT over the answer's tables; `$name` stands for a parameter.

        Raises:
            Refusal: this answer, made by another version, lacks a column that is asked for.
        """
        try:
            with self._looking:
                return self._lookup.table(sql, parameters)
        except duckdb.BinderException as error:
            wrong = "this answer was made by another version and lacks what is asked for"
            raise Refusal(503, "answer-too-old", wrong, "make it anew with `hearthline run`") from error

    def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of a SELECT as dicts."""
        found: list[dict[str, Any]] = self.table(sql, parameters).to_pylist()
        return found


class Shelves:
    """The shelf of a home's current answer, whichever that is."""

    def __init__(self, home: Path) -> None:
        self.folder = HomeFolder(home)
        self._pointer = self.folder.answers / "current.json"
        self._lock = threading.Lock()
        self._shelf: Shelf | None = None
        self._seen = -1
        self._working: threading.Thread | None = None

    def current(self) -> Shelf:
        """Return the shelf to read from; the first one is opened here, later ones replace it when full.

        Raises:
            HomeMissing: there is no home, or it has no answer yet.
        Refusal: its answer is damaged.
        """
        try:
            stamp = self._pointer.stat().st_mtime_ns
        except FileNotFoundError:
            home = HomeFolder.open(self.folder.path)
            raise HomeMissing(
                f"{home.path}: no answer yet; run `hearthline run --home {home.path}`"
            ) from None
        with self._lock:
            if self._shelf is None:
                self._shelf, self._seen = self._opened(), stamp
                self._begin(self._shelf.make_all)
            elif stamp != self._seen and not self._busy():
                self._seen = stamp
                self._begin(self._replace)
            return self._shelf

    def _opened(self) -> Shelf:
        home = HomeFolder.open(self.folder.path)
        try:
            return Shelf(home)
        except (duckdb.Error, ValueError, KeyError) as error:
            wrong = f"the answer of this home cannot be read ({type(error).__name__})"
            cure = f"make it anew from the lake: `hearthline run --home {home.path.name}`"
            raise Refusal(503, "answer-damaged", wrong, cure) from error

    def settle(self) -> None:
        """Wait until what is being made is made; for a start that shows a link, and for tests."""
        while self._busy():
            if self._working is not None:
                self._working.join()

    def _busy(self) -> bool:
        return self._working is not None and self._working.is_alive()

    def _begin(self, work: Any) -> None:
        self._working = threading.Thread(target=work, name="figures", daemon=True)
        self._working.start()

    def _replace(self) -> None:
        new = Shelf(HomeFolder.open(self.folder.path))
        new.make_all()
        self._shelf = new
        give_back()
