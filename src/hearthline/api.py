"""The Python API: open a home, add what came in, run, read reports.

>>> import hearthline as hl
>>> import tempfile
>>> home = hl.init(tempfile.mkdtemp())
>>> home.reports()[:2]
('actors', 'attribution')
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pyarrow as pa

from hearthline import attribution, pipeline, render, reports, sources
from hearthline.pipeline import (
    Change,
    Check,
    DestroyedKey,
    Explanation,
    Forgot,
    Household,
    Intake,
    Kept,
    LinkExplanation,
    ListedKey,
    Matched,
    Rebuilt,
)
from hearthline.schema.errors import BadConfig, MissingExtra
from hearthline.schema.figure import Figure
from hearthline.schema.records import Statement
from hearthline.schema.settings import Settings
from hearthline.store.answer import PublishedAnswer
from hearthline.store.asking import asked
from hearthline.store.config import load_settings, origins
from hearthline.store.home import HomeFolder

__all__ = ["Home", "Result", "init", "open_home"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """A report's answer, in whatever form you need it.

    Arrow by the PyCapsule protocol (`pa.table(result)`, `polars.from_arrow(result)`), pandas by `.df()`,
    Polars by `.pl()`, HTML in a notebook by itself, and `.figure` with units, intervals and definition.
    """

    figure: Figure

    def arrow(self) -> pa.Table:
        """Return the table as Arrow."""
        return self.figure.rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the table by the Arrow PyCapsule protocol."""
        return self.figure.rows.__arrow_c_stream__(requested_schema)

    def df(self) -> Any:
        """Return the table as a pandas data frame (extra `pandas`).

        Raises:
            MissingExtra: pandas is not installed.
        """
        _needed("pandas")
        return self.figure.rows.to_pandas()

    def pl(self) -> Any:
        """Return the table as a Polars data frame (extra `polars`).

        Raises:
            MissingExtra: Polars is not installed.
        """
        return _needed("polars").from_arrow(self.figure.rows)

    def json(self) -> dict[str, Any]:
        """Return the figure ready for JSON; money as exact decimal strings."""
        return render.to_json(self.figure)

    def csv(self) -> str:
        """Return the table as CSV."""
        return render.to_csv(self.figure)

    def html(self) -> str:
        """Return the figure as one self-contained HTML page."""
        return render.to_html([self.figure], title=self.figure.title)

    def _repr_html_(self) -> str:
        return render.to_fragment(self.figure)


def _needed(package: str) -> ModuleType:
    try:
        return import_module(package)
    except ModuleNotFoundError as missing:
        raise MissingExtra(
            f"report: needs {package}; pip install 'hearthline[{package}]', or take .arrow()"
        ) from missing


class Home:
    """One Hearthline project: a folder with what came in and the answers made from it."""

    def __init__(self, folder: HomeFolder) -> None:
        self._folder = folder

    def __repr__(self) -> str:
        return f"Home({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """The home's folder."""
        return self._folder.path

    @property
    def settings(self) -> Settings:
        """The settings in force: defaults, `hearthline.toml`, environment."""
        return load_settings(self._folder.settings_file)

    def setting_origins(self) -> Iterator[tuple[str, Any, str]]:
        """Yield each setting's name, value and origin."""
        return origins(self._folder.settings_file)

    def add(
        self,
        *paths: str | Path,
        source: str | None = None,
        mapping: Mapping[str, str | Mapping[str, str]] | None = None,
        received: datetime | None = None,
        progress: Progress | None = None,
    ) -> list[Intake]:
        """Read files into the lake: all of them, or, where one cannot be read, none.

        Args:
            paths: files, folders, globs: CSV, Parquet, NDJSON, JSON; gz or zst. What else lies in the
                folders is left unread; `hearthline.files.left_unread` names it, with the reason.
            source: the platform whose payloads they hold; default: recognised by their shape.
            mapping: canonical field to column name, for columns with unusual names, each of which one of the
                files must have; or, under a file's name
                or a glob of names, such a mapping for those files alone.
            received: when they came (UTC; default: now).
            progress: called with a line for each file.

        Returns:
            For each file what was read: events, rejects, and which columns were taken for what.

        Raises:
            BadFile: a file cannot be read as anything; nothing was added.
            BadConfig: the mapping names a field that there is not, or a column that no file has.
            UnknownName: there is no such source.
            HomeBusy: another process is writing to this home.
        """
        when = received or datetime.now(UTC)
        if when.tzinfo is None:
            raise BadConfig("add: `received` has no time zone; pass an aware datetime, such as one in UTC")
        kept = self.settings.map
        chosen = dict(mapping or kept)
        said = {f: c for f, c in chosen.items() if isinstance(c, str) and kept.get(f) != c}
        request = pipeline.Request(tuple(paths), source, chosen, when, said)
        return pipeline.add(self._folder, request, progress or pipeline.silent)

    def run(self, engine: str | None = None, progress: Progress | None = None, demo: bool = False) -> None:  # noqa: FBT001, FBT002
        """Make the answer from everything in the lake and publish it; a killed run changes nothing.

        Args:
            engine: `duckdb` or `spark`; default: the setting.
            progress: called with the name of each stage.
            demo: whether the data is simulated; every page then says so.

        Raises:
            BadConfig: there is no such engine.
            NothingToAnswer: there are no events.
            DoesNotAddUp: credited and unattributed do not sum to the shop's total; nothing is published.
        """
        pipeline.run(self._folder, self.settings, engine, progress or pipeline.silent, demo=demo)

    def compact(self) -> Kept:
        """Merge the lake's small files and remove what nobody reads any more; return what was done."""
        return pipeline.upkeep(self._folder, self.settings.log, thorough=True)

    def rebuild(self, progress: Progress | None = None, demo: bool = False) -> Rebuilt:  # noqa: FBT001, FBT002
        """Load the log, throw all answers away, make the answer anew, and compare it with the last one.

        Raises:
            NothingToAnswer: there are no events.
            HomeBusy: another process makes an answer.
        """
        return pipeline.rebuild(self._folder, self.settings, progress or pipeline.silent, demo=demo)

    def forget(
        self,
        *identifiers: str,
        household: bool = False,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Forgot:
        """Take a person out of lake, log, rejects, raw payloads and answers, for good, and search the home.

        Whatever is of them is dropped when it comes again, live, from a file or from a replay.

        Args:
            identifiers: `NAMESPACE:VALUE`, in clear or as stored, or values alone.
            household: take out their whole household, with what its devices told.
            dry_run: only count what would go.
            progress: called with the name of each stage.

        Raises:
            UnknownName: nothing here has such an identifier.
            HomeBusy: another process does not let go of the home.
        """
        wanted = pipeline.Forget(identifiers, household, dry_run)
        return pipeline.forget(self._folder, self.settings, wanted, progress or pipeline.silent)

    @property
    def experiments(self) -> pipeline.Experiments:
        """The experiments of this home: design, start, arms, analyse, stop, imported lifts."""
        return pipeline.Experiments(self._folder)

    def compare(self, truth: Mapping[str, Mapping[str, float]] | None = None) -> tuple[Figure, Figure]:
        """Return the models side by side with a recommendation, and in which journeys they disagree.

        Args:
            truth: by model and kind of orders (`person`, `automated`) the part of credit on the wrong
                channel in simulated towns; weighted by this home's own mix.
        """
        return pipeline.compare(self._folder, truth)

    @property
    def plans(self) -> pipeline.Plans:
        """What other budgets would bring: move, budget, enrolments."""
        return pipeline.Plans(self._folder)

    def answer(self) -> PublishedAnswer:
        """Return the current answer, to be read by SQL; close it when done."""
        return PublishedAnswer(self._folder)

    def sql(self, query: str) -> pa.Table:
        """Return the result of a SELECT over the answer's tables (see docs/answer.md).

        Raises:
            UnknownName: the query names a table or a column that there is not; the message says what there
                is. DuckDB's own error is its cause.
            BadConfig: the query is not understood.
            HomeMissing: the home has no answer yet.
        """
        answer = self.answer()
        try:
            return asked("the query", answer.connection, lambda: answer.table(query))
        finally:
            answer.close()

    def report(self, name: str) -> Result:
        """Return a report of the current answer.

        Raises:
            UnknownName: there is no such report.
            HomeMissing: the home has no answer yet.
        """
        report = reports.load(name)
        answer = self.answer()
        try:
            return Result(report.build(answer))
        finally:
            answer.close()

    def reports(self) -> tuple[str, ...]:
        """Return the names of all reports."""
        return reports.names()

    def models(self) -> tuple[str, ...]:
        """Return the names of all attribution models."""
        return attribution.names()

    def sources(self) -> tuple[str, ...]:
        """Return the names of all sources."""
        return sources.names()

    def explain(self, order: str) -> Explanation:
        """Return why an order got the credit it got: journey, credits by model, links, lineage, consents.

        Args:
            order: its number; `number@shop` where several shops have that number.

        Raises:
            UnknownName: the answer has no such order, or several shops have it.
        """
        return pipeline.explain(self._folder, order)

    def explain_household(self, name: str) -> Household:
        """Return who lives in a household, with what, why each link, and the revenue that hangs on it.

        Args:
            name: the household's key, an identifier (`customer:17`) or an order of it.

        Raises:
            UnknownName: the answer knows nothing of that name.
        """
        return pipeline.explain_household(self._folder, name)

    def explain_link(self, *ends: str) -> LinkExplanation:
        """Return a link by its id, or what links two identifiers, with the events that show it.

        Raises:
            UnknownName: there is no such link.
        """
        return pipeline.explain_link(self._folder, ends)

    def link(
        self,
        one: str,
        other: str,
        *,
        not_same: bool = False,
        level: Literal["person", "household"] = "household",
        reason: str | None = None,
    ) -> Statement:
        """Say that two identifiers are one household (or person), or are not; the next run heeds it.

        Personal values (`email:ann@example.com`) are replaced by their keyed hashes before they are kept.
        """
        return pipeline.link(self._folder, (one, other), level, not_same=not_same, reason=reason)

    def unmerge(self, *ends: str, undo: bool = False, reason: str | None = None) -> Statement:
        """Take back a link, by its id or its two identifiers: it no longer counts, from the next run on.

        With `undo`, what was said about the two no longer counts, and they are again as events show them.

        Raises:
            UnknownName: there is no link of that id.
        """
        return pipeline.take_back(self._folder, ends, undo=undo, reason=reason)

    def changed_by(self, said: Statement, progress: Progress | None = None) -> list[Change]:
        """Make the answer anew after something was said of two identifiers; return what moved, and what not.

        The numbers are those of the whole, of each channel under the default model, and of both homes.

        Raises:
            HomeMissing: there was no answer before.
        """
        ends = (said.left, said.right)
        before = pipeline.numbers(self._folder, ends)
        self.run(progress=progress)
        return pipeline.changes(before, pipeline.numbers(self._folder, ends))

    def match(
        self,
        records: str | Path,
        *,
        precision: float = 0.995,
        consent: str | None = None,
        engine: str | None = None,
        dry_run: bool = False,
    ) -> Matched:
        """Say which identifiers are one person, by records of the people who have them (extra `identity`).

        Two logins of one namespace are never compared, and what people said is heeded. The records are read,
        compared and not kept; the pairs count from the next run on, each open to `explain_link`.

        Args:
            records: CSV, Parquet or JSON with a column `id` (NAMESPACE:VALUE) and some of `given_name`,
                `surname`, `date_of_birth`, `national_id`, `email`, `phone`, `street`, `house_number`,
                `city`, `postcode`.
            precision: what part of the pairs must be right, as the model estimates it.
            consent: the basis on which they may be linked; it is kept with each pair.
            engine: `duckdb` or `spark`; default: the setting.
            dry_run: only say what would be found.

        Raises:
            MissingExtra: Splink is not installed.
            BadFile: the file is no table of such records.
        """
        wanted = pipeline.Compare(Path(records), precision, consent, engine, dry_run)
        return pipeline.match(self._folder, self.settings, wanted)

    def rejects(self, reason: str | None = None, limit: int = 100) -> pa.Table:
        """Return what was refused: `source`, `reason`, `place`, `wrong`, `cure`, `received`, `raw`."""
        return pipeline.rejects(self._folder, reason, limit)

    def hash_keys(self) -> list[ListedKey]:
        """Return the keys with which personal identifiers are hashed, by their ids, the current one first."""
        return pipeline.hash_keys(self._folder)

    def rotate_hash_key(self) -> str:
        """Make a new key of the hashes and return its id; the one before it stays valid.

        What comes is hashed with the new key from then on, also by a running server. While an earlier key is
        valid each value is hashed with both, and everybody stays who they were.

        Raises:
            HomeBusy: another process adds files or makes an answer.
        """
        return pipeline.rotate_hash_key(self._folder)

    def destroy_hash_key(self, key: str, *, dry_run: bool = False) -> DestroyedKey:
        """Destroy the oldest key of the hashes, for good, or say what that would leave.

        What is stored stays and stays linked. Of whoever has not come since the key was rotated, a value in
        clear is not recognised any more: neither when it comes again, nor by `forget`, `link` or `explain`.

        Raises:
            UnknownName: it is not the oldest earlier key.
            HomeBusy: another process is at the home.
        """
        return pipeline.destroy_hash_key(self._folder, key, dry_run=dry_run)

    def events(self, where: str = "TRUE", limit: int = 100) -> pa.Table:
        """Return events as they lie in the lake, newest first; `where` is an SQL condition.

        Raises:
            UnknownName: the condition names a field that there is not.
            BadConfig: the condition is not understood.
            HomeMissing: the home has no answer yet.
        """
        return pipeline.events(self._folder, where, limit)

    def doctor(self) -> list[Check]:
        """Return what was checked about this home and this machine, with the cure where it is ill."""
        return pipeline.doctor(self._folder)

    def html(self, names: str | Sequence[str] | None = None) -> str:
        """Return reports as one self-contained HTML page; default: all of them, in their order."""
        names = [names] if isinstance(names, str) else names
        answer = self.answer()
        try:
            figures = [reports.load(n).build(answer) for n in names or reports.in_order()]
            demo = "Simulated data: a made-up town whose truth is known." if answer.about["demo"] else None
        finally:
            answer.close()
        return render.to_html(figures, title=f"Hearthline: {self.path.name}", banner=demo)


def init(path: str | Path) -> Home:
    """Return the home in that folder, making it if it is not there."""
    return Home(HomeFolder.create(Path(path)))


def open_home(path: str | Path) -> Home:
    """Return the home in that folder.

    Raises:
        HomeMissing: there is none.
    """
    return Home(HomeFolder.open(Path(path)))
