"""What can be asked of a home about experiments; `Home.experiments` is one of these."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

import pyarrow as pa

from hearthline.experiments import Lift, Listed, read_arms, read_lifts
from hearthline.pipeline.experiments.book import Book, Planned, keep_book, read_book
from hearthline.pipeline.experiments.designing import Design, design_figure, planned_errors
from hearthline.pipeline.experiments.reading import Read, arms_of, reader
from hearthline.pipeline.experiments.showing import analysis_figure
from hearthline.pipeline.identities import keep_names, names_of, stored
from hearthline.schema.errors import BadConfig, UnknownName
from hearthline.schema.figure import Figure
from hearthline.schema.records import Assignment
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake, assignments_table

__all__ = ["Experiments", "opened"]


@contextmanager
def opened(home: HomeFolder) -> Iterator[tuple[PublishedAnswer, Read]]:
    """Give the current answer, and what reads it."""
    answer = PublishedAnswer(home)
    try:
        yield answer, reader(answer.table)
    finally:
        answer.close()


@dataclass(frozen=True, slots=True)
class Experiments:
    """The experiments of one home."""

    home: HomeFolder

    def book(self) -> Book:
        """Return all experiments as planned, and the imported lifts."""
        return read_book(self.home)

    def names(self) -> tuple[str, ...]:
        """Return the names of all experiments, in the order in which they were started."""
        return tuple(p.name for p in read_book(self.home).experiments)

    def design(
        self, channel: str, off: float = 0.5, arms: str | Path | None = None, weeks: int | None = None
    ) -> Figure:
        """Return how long an experiment on a channel must last, and which channels to test first.

        Args:
            channel: the channel's name.
            off: part of the households (or regions) in which it would be off.
            arms: a CSV with `identifier` and `region`, where regions are to be assigned: the households that
                it names are those of the experiment.
            weeks: show this duration as well.

        Raises:
            UnknownName: no touch of such a channel is known.
            NothingToAnswer: the data are shorter than four weeks.
        """
        regions = self._regions(arms) if arms is not None else None
        with opened(self.home) as (answer, read):
            return design_figure(read, Design(channel, _part(off), regions, weeks), answer)

    def start(
        self,
        name: str,
        channel: str,
        start: date,
        end: date,
        off: float = 0.5,
        arms: str | Path | None = None,
    ) -> Planned:
        """Plan an experiment: the next run shows what it found.

        Args:
            name: its name, which is the salt of its lot.
            channel: the channel that is off in one arm.
            start: the first day (UTC).
            end: the last day (UTC).
            off: part of the households (or regions) in which it is off.
            arms: a CSV with `identifier` and `arm` where others drew the lot, with `identifier` and
                `region` where regions are to be drawn, or with all three where others drew regions: then
                regions are the sample.

        Raises:
            BadConfig: the name is taken, or days or part are impossible.
            BadFile: the list cannot be read, says of some rows what it does not say of others, or has a
                region in both arms.
        """
        if end < start:
            raise BadConfig(f"experiment: the end {end} lies before the start {start}; turn them around")
        rows = read_arms(Path(arms)) if arms is not None else []
        by: Literal["household", "region"] = "region" if rows and rows[0][2] else "household"
        given = bool(rows) and rows[0][1] is not None
        part = _part(_off(rows) if given else off)
        planned = Planned(name, channel, start, end, part, by, listed=bool(rows), given=given)
        with self.home.writing():
            book = read_book(self.home).with_one(planned)
            if rows:
                self._keep_list(name, rows)
            book = book.planned_errors(name, self._errors(planned))
            keep_book(self.home, book)
        return book.named(name)

    def _errors(self, planned: Planned) -> dict[str, float]:
        """Return the standard errors planned for the end, as far as there is an answer to tell them."""
        try:
            with opened(self.home) as (_, read):
                return planned_errors(read, planned)
        except FileNotFoundError:
            return {}

    def _keep_list(self, name: str, rows: list[Listed]) -> None:
        ring = self.home.ring.now()
        kept = [
            Assignment(experiment=name, identifier=stored(identifier, ring), arm=arm, region=region)
            for identifier, arm, region in rows
        ]
        with Lake(self.home.lake).batch(datetime.now(UTC)) as batch:
            batch.write("assignments", assignments_table(kept))
            keep_names(batch, [identifier for identifier, _, _ in rows], ring)

    def _regions(self, file: str | Path) -> dict[str, str]:
        ring = self.home.ring.now()
        listed = [(identifier, region) for identifier, _, region in read_arms(Path(file)) if region]
        return {name: region for identifier, region in listed for name in names_of(identifier, ring)}

    def stop(self, name: str, day: date | None = None) -> Planned:
        """End an experiment early: days up to `day` count (default: yesterday, UTC).

        Its lift then has the doubt of the interval that allows for having looked.

        Raises:
            UnknownName: there is no such experiment.
        """
        with self.home.writing():
            last = day or datetime.now(UTC).date() - timedelta(days=1)
            book = read_book(self.home).stopping(name, last)
            keep_book(self.home, book)
        return book.named(name)

    def arms(self, name: str) -> pa.Table:
        """Return who is off: `identifier`, `namespace`, `arm`, one row for each identifier of a household.

        Give it to whoever shows the channel. Personal identifiers are keyed hashes here; what a platform
        matches on (a customer number, say) is as it came in.

        Raises:
            UnknownName: there is no such experiment.
            HomeMissing: the home has no answer yet.
        """
        planned = read_book(self.home).named(name)
        with opened(self.home) as (answer, read):
            arms = arms_of(read, planned)
            given = pa.table({"unit": arms.unit, "off": arms.off})
            answer.connection.register("given", given)
            return answer.table(
                """SELECT i.id AS identifier, split_part(i.id, ':', 1) AS namespace,
                          CASE WHEN g.off THEN 'off' ELSE 'on' END AS arm
                   FROM given g JOIN identifiers i USING (unit) ORDER BY identifier"""
            )

    def analyse(self, name: str) -> Figure:
        """Return what an experiment shows so far in the current answer.

        Raises:
            UnknownName: there is no such experiment.
            HomeMissing: the home has no answer yet.
        """
        planned = read_book(self.home).named(name)
        with opened(self.home) as (answer, read):
            return analysis_figure(read, planned, answer)

    def add_lifts(self, file: str | Path) -> list[Lift]:
        """Keep the lifts of a CSV file; every model learns from them in the next run.

        Raises:
            BadFile: a column is missing or a cell impossible; nothing was kept.
        """
        lifts = read_lifts(Path(file))
        with self.home.writing():
            keep_book(self.home, read_book(self.home).with_lifts(lifts))
        return lifts

    def drop_lift(self, name: str) -> int:
        """Forget imported lifts by the name of their experiment; return how many there were.

        Raises:
            UnknownName: there is none.
        """
        with self.home.writing():
            book = read_book(self.home)
            rest = book.without_lifts(name)
            gone = len(book.lifts) - len(rest.lifts)
            if not gone:
                known = ", ".join(dict.fromkeys(x.name for x in book.lifts)) or "none"
                raise UnknownName(f"experiment: no imported lift is named {name!r}; there are: {known}")
            keep_book(self.home, rest)
        return gone


def _off(rows: list[Listed]) -> float:
    """Return which part is off: of a list's regions where it names them, else of its rows."""
    arms = [arm for _, arm, _ in rows]
    if rows[0][2]:
        arms = list({region: arm for _, arm, region in rows}.values())
    return sum(arm == "off" for arm in arms) / len(arms)


def _part(off: float) -> float:
    if not 0.0 < off < 1.0:
        raise BadConfig(
            f"experiment: {off:g} is no part of the households; choose between 0 and 1, such as 0.5"
        )
    return off
