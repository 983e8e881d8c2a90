"""Which files are meant: folders and globs expanded, sorted."""

import os
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path

from hearthline.schema.errors import BadFile

__all__ = ["ENDINGS", "find"]

ENDINGS = ("csv", "tsv", "tab", "psv", "parquet", "pq", "ndjson", "jsonl", "json", "xml")
"""What a file in a folder must end with to be read; `.gz` and `.zst` may follow."""


def _is_data(path: Path) -> bool:
    name = path.name.lower()
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    return name.rpartition(".")[2] in ENDINGS and "." in name and not name.startswith((".", "_"))


def _inside(folder: Path) -> list[Path]:
    """Return the data files of a folder and its subfolders; hidden ones and `_markers` are left out."""
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "_")))
        found += [p for p in (Path(root) / n for n in names) if _is_data(p) and p.is_file()]
    if not found:
        raise BadFile(
            f"{folder}: no data in this folder; found no file ending in {', '.join(ENDINGS)} (.gz, .zst); "
            "name the file itself, or another folder"
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

    A file that is named is taken whatever it is called; in a folder only data files are.

    Raises:
        BadFile: a name, a folder or a pattern gives nothing.

    >>> find([])
    []
    """
    found = {file.resolve(): file for path in paths for file in _meant(path)}
    return sorted(found.values(), key=str)
