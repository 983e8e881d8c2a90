"""The book of a home's experiments: what was planned, and lifts that others found. No household is in it."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

import msgspec

from hearthline.experiments import Lift
from hearthline.schema.errors import BadConfig, UnknownName
from hearthline.store.home import HomeFolder, write_durably

__all__ = ["Book", "Planned", "keep_book", "read_book"]

State = Literal["planned", "running", "ended", "stopped"]


@dataclass(frozen=True, slots=True)
class Planned:
    """One experiment.

    Attributes:
        name: its name, and the salt of its lot.
        channel: the channel that is off in one arm.
        start, end: the first and the last day (UTC).
        off: part of the units that is off.
        by: what is assigned, households or regions.
        listed: whether a list says who is in which arm or region; else the lot does for every household.
        given: whether the list says who is off; else they are drawn.
        error: the standard error for one household that was planned for the end; None when not known.
        errors: the same for some kinds of orders alone, those that are known.
        stopped: the last day that counts, where it was stopped early.
    """

    name: str
    channel: str
    start: date
    end: date
    off: float = 0.5
    by: Literal["household", "region"] = "household"
    listed: bool = False
    error: float | None = None
    stopped: date | None = None
    given: bool = False
    errors: dict[str, float] = field(default_factory=dict)

    def state(self, last: date) -> State:
        """Return where it stands when the data end with a day."""
        if self.stopped:
            return "stopped"
        if last < self.start:
            return "planned"
        return "running" if last < self.end else "ended"

    def until(self, last: date) -> date:
        """Return the last day that counts."""
        return min(last, self.stopped or self.end)

    def days(self, last: date) -> int:
        """Return how many days count."""
        return max((self.until(last) - self.start).days + 1, 0)

    def variance(self, kind: str) -> float | None:
        """Return the variance that is planned for the end, for one kind of orders; None when not known."""
        error = self.error if kind == "all" else self.errors.get(kind)
        return error**2 if error else None


@dataclass(frozen=True, slots=True)
class Book:
    """All experiments of a home, in the order in which they were started, and imported lifts."""

    experiments: tuple[Planned, ...] = ()
    lifts: tuple[Lift, ...] = field(default=())

    def named(self, name: str) -> Planned:
        """Return the experiment of that name.

        Raises:
            UnknownName: there is none.
        """
        for planned in self.experiments:
            if planned.name == name:
                return planned
        known = ", ".join(p.name for p in self.experiments) or "none"
        raise UnknownName(f"experiment: none is named {name!r}; there are: {known}")

    def with_one(self, planned: Planned) -> "Book":
        """Return the book with one more experiment.

        Raises:
            BadConfig: there is one of that name.
        """
        if any(p.name == planned.name for p in self.experiments):
            raise BadConfig(f"experiment: there is one named {planned.name!r}; choose another name")
        return replace(self, experiments=(*self.experiments, planned))

    def stopping(self, name: str, day: date) -> "Book":
        """Return the book with an experiment that ends on a day."""
        self.named(name)
        found = (replace(p, stopped=min(day, p.end)) if p.name == name else p for p in self.experiments)
        return replace(self, experiments=tuple(found))

    def planned_errors(self, name: str, errors: dict[str, float]) -> "Book":
        """Return the book with the standard errors, by kind of orders, planned for an experiment's end."""
        apart = {kind: error for kind, error in errors.items() if kind != "all"}
        found = (
            replace(p, error=errors.get("all"), errors=apart) if p.name == name else p
            for p in self.experiments
        )
        return replace(self, experiments=tuple(found))

    def without_lifts(self, name: str) -> "Book":
        """Return the book without the lifts of a name."""
        return replace(self, lifts=tuple(x for x in self.lifts if x.name != name))

    def with_lifts(self, lifts: list[Lift]) -> "Book":
        """Return the book with these lifts; one of the same name, channel and kind is replaced."""
        new = {(lift.name, lift.channel, lift.kind) for lift in lifts}
        kept = (x for x in self.lifts if (x.name, x.channel, x.kind) not in new)
        return replace(self, lifts=(*kept, *lifts))


def read_book(home: HomeFolder) -> Book:
    """Return the home's book; an empty one where there is none."""
    file = home.path / "experiments.json"
    return msgspec.json.decode(file.read_bytes(), type=Book) if file.exists() else Book()


def keep_book(home: HomeFolder, book: Book) -> None:
    """Write the home's book; the caller holds the home's pen."""
    body = msgspec.json.format(msgspec.json.encode(book), indent=1)
    write_durably(home.path / "experiments.json", body + b"\n")


def midnight_ms(day: date) -> int:
    """Return the first millisecond (UTC) of a day.

    >>> midnight_ms(date(1970, 1, 2))
    86400000
    """
    return int((datetime.combine(day, time()) - datetime(1970, 1, 1)) / timedelta(milliseconds=1))  # noqa: DTZ001
