"""Which files are meant: folders and globs expanded, sorted."""

import os
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path

from hearthline.schema.errors import BadFile

__all__ = ["ENDINGS", "find", "left_unread"]

ENDINGS = ("csv", "tsv", "tab", "psv", "parquet", "pq", "ndjson", "jsonl", "json", "xml")
"""What a file in a folder must end with to be read; `.gz` and `.zst` may follow."""

_HIDDEN = (".", "_")
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SMALL = 1024


def _why_not(path: Path) -> str | None:
    """Return why a file in a folder is not read; None where it is."""
    name = path.name.lower()
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    if name.startswith(_HIDDEN):
        return "hidden"
    if "." not in name or name.rpartition(".")[2] not in ENDINGS:
        return "unknown ending"
    if not path.is_file():
        return "no file"
    size = path.stat().st_size
    return "empty" if size <= _SMALL and not path.read_bytes().strip(_BLANK) else None


def _walked(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """Return the data files of a folder and its subfolders, and what is left out with the reason.

    Hidden files, `_markers` and folders of such names are left out; a folder counts as one, unopened.
    """
    found: list[Path] = []
    unread: dict[Path, str] = {}
    for root, folders, names in os.walk(folder):
        unread |= {Path(root) / f: "hidden" for f in folders if f.startswith(_HIDDEN)}
        folders[:] = sorted(f for f in folders if not f.startswith(_HIDDEN))
        for path in (Path(root) / n for n in names):
            why = _why_not(path)
            if why is None:
                found.append(path)
            else:
                unread[path] = why
    return found, unread


def _inside(folder: Path) -> list[Path]:
    found, _ = _walked(folder)
    if not found:
        raise BadFile(
            f"{folder}: no data in this folder; found no file ending in {', '.join(ENDINGS)} (.gz, .zst) "
            "with anything in it; name the file itself, or another folder"
        )
    return found


def _meant(path: str | Path) -> list[Path]:
    place = Path(path).expanduser()
    if place.is_dir():
        return _inside(place)
    if place.exists():
        return [place]
    if has_magic(str(place)):
        matches = [Path(m) for m in glob(str(place), recursive=True)]  # noqa: PTH207 - absolute patterns too
        found = [m for m in matches if m.is_file()]
        found += [f for m in matches if m.is_dir() for f in _inside(m)]
        if found:
            return found
        raise BadFile(
            f"{path}: no file matches; the pattern was looked up in {Path.cwd()}; check the pattern"
        )
    raise BadFile(f"{path}: there is no such file; looked in {place.absolute().parent}; check the name")


def find(paths: Sequence[str | Path]) -> list[Path]:
    """Return the files meant by names, folders and globs: sorted, each once.

    A file that is named is taken whatever it is called; in a folder only data files are, and none that are
    empty. `left_unread` names the others.

    Raises:
        BadFile: a name, a folder or a pattern gives nothing.

    >>> find([])
    []
    """
    found = {file.resolve(): file for path in paths for file in _meant(path)}
    return sorted(found.values(), key=str)


def left_unread(paths: Sequence[str | Path]) -> dict[Path, str]:
    """Return what lies in the folders among the paths and is not read, with the reason, sorted.

    The reasons: `unknown ending`, `hidden` (so are names with `_` before them; a hidden folder is one entry),
    `empty`, `no file` (a link to nothing). What another path names is read and not among them.

    >>> left_unread([])
    {}
    """
    places = [Path(path).expanduser() for path in paths]
    matches = [Path(m) for p in places if has_magic(str(p)) for m in glob(str(p), recursive=True)]  # noqa: PTH207
    folders = [p for p in (*places, *matches) if p.is_dir()]
    found: dict[Path, tuple[Path, str]] = {}
    for folder in folders:
        found |= {path.absolute(): (path, why) for path, why in _walked(folder)[1].items()}
    named = {p.resolve() for p in (*places, *matches) if p.is_file()}
    rest = [both for both in found.values() if both[0].resolve() not in named]
    return dict(sorted(rest, key=lambda both: str(both[0])))
