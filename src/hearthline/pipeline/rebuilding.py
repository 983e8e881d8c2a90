"""Every answer made anew from lake and log: what was cached is thrown away and must come back the same."""

from dataclasses import dataclass

from hearthline.pipeline.core import Progress
from hearthline.pipeline.loading import load
from hearthline.pipeline.run import run
from hearthline.schema.errors import HomeBusy, HomeMissing
from hearthline.schema.settings import Settings
from hearthline.store.answer import PublishedAnswer, withdraw
from hearthline.store.home import HomeFolder

__all__ = ["Rebuilt", "prints", "rebuild"]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found.

    Attributes:
        tables: the answer's tables.
        differ: those that are not, byte for byte, what they were in the answer before.
        before: how many events the answer before had read; None: there was no answer, or none to be read.
        events: how many this one has read.
    """

    tables: tuple[str, ...]
    differ: tuple[str, ...]
    before: int | None
    events: int


def rebuild(home: HomeFolder, settings: Settings, progress: Progress, *, demo: bool = False) -> Rebuilt:
    """Load what the log still holds, forget all answers, make a new one, and compare it with the last.

    Raises:
        NothingToAnswer: there are no events.
        HomeBusy: another process makes an answer.
    """
    progress("reading the answer before")
    before, read = _before(home)
    progress("loading the log")
    try:
        while load(home).more:
            pass
    except HomeBusy:
        pass  # a server loads it already
    with home.writing():
        withdraw(home)
    run(home, settings, None, progress, demo=demo)
    progress("comparing")
    after, events = prints(home)
    differ = sorted(t for t in after | before if before and after.get(t) != before.get(t))
    return Rebuilt(tuple(after), tuple(differ), read, events)


def _before(home: HomeFolder) -> tuple[dict[str, str], int | None]:
    """Return the prints of the answer before, if there is one that can be read at all."""
    try:
        return prints(home)
    except (HomeMissing, OSError, ValueError, KeyError):
        return {}, None


def prints(home: HomeFolder) -> tuple[dict[str, str], int]:
    """Return a checksum of each table of the current answer, and how many events it has read."""
    answer = PublishedAnswer(home)
    try:
        counted = answer.table("SELECT events + duplicates AS n FROM run")["n"][0].as_py()
        return answer.prints(), int(counted)
    finally:
        answer.close()
