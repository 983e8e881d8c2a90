"""What is broken of a home: files that are gone, cut short or changed, and what makes it whole again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hearthline.schema.errors import HearthlineError, HomeDamaged
from hearthline.store.home import HomeFolder
from hearthline.store.lake import SCHEMAS, Lake

__all__ = ["broken_answer", "broken_files", "broken_home", "damage_told"]

_MARK = b"PAR1"
_CORRUPT = ("Corrupt database file", "checksum", "not a valid DuckDB database")


def broken_files(lake: Lake) -> list[Path]:
    """Return the files of the lake that are gone or do not begin and end as Parquet does."""
    return [f for table in SCHEMAS for f in lake.files(table) if not _whole(f)]


def _whole(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            if content.read(4) != _MARK:
                return False
            content.seek(-4, 2)
            return content.read(4) == _MARK
    except FileNotFoundError:
        return False


def broken_home(home: HomeFolder) -> HomeDamaged | None:
    """Return what to say of a lake of which files are broken; None where it is whole."""
    broken = broken_files(Lake(home.lake))
    if not broken:
        return None
    first = broken[0].relative_to(home.path)
    what = f"{first} is" if len(broken) == 1 else f"{len(broken)} files of the lake are"
    more = "" if len(broken) == 1 else f", the first {first}"
    return HomeDamaged(
        f"{home.path}: {what} gone or cut short{more}; bring back what is missing from a backup, or read the "
        "inputs into a new home"
    )


def broken_answer(home: HomeFolder, about: Any, error: Exception) -> HomeDamaged | None:
    """Return what to say of an answer that could not be read for this error; None where it is whole.

    Args:
        home: the home.
        about: what `answers/current.json` says; anything else than an object with a file's name is damage.
        error: what came of reading.
    """
    name = about.get("file") if isinstance(about, dict) else None
    if name is None or isinstance(error, KeyError | ValueError | TypeError):
        wrong = "answers/current.json cannot be read"
    elif not (home.answers / name).exists():
        wrong = f"answers/{name} is gone"
    elif (
        isinstance(error, EOFError)
        or str(home.answers / name) in str(error)
        or any(said in str(error) for said in _CORRUPT)
    ):
        wrong = f"answers/{name} is cut short or damaged"
    elif (broken := broken_home(home)) is not None:
        return broken
    elif not all((home.path / file).exists() for file in about.get("events", ())):
        wrong = "a file that the answer reads is gone"
    else:
        return None
    return HomeDamaged(f"{home.path}: {wrong}; make the answer anew: hearthline run --home {home.path}")


@contextmanager
def damage_told(home: HomeFolder) -> Iterator[None]:
    """Say which files of the lake are broken, where the work inside ends in an error for want of them."""
    try:
        yield
    except HearthlineError:
        raise
    except Exception as error:
        if (broken := broken_home(home)) is None:
            raise
        raise broken from error
