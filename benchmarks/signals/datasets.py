"""Data sets that installed packages carry; they are read as files, and the packages are not run."""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["file_of"]


def file_of(package: str, name: str) -> Path | None:
    """Return a file that an installed package carries; None: not installed."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / name).exists():
            return Path(place) / name
    return None
