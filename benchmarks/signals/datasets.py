"""What benchmarks of signals share: seeds for reporting, and data sets that installed packages carry."""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["TUNING_SEEDS", "file_of", "seeds_of"]

TUNING_SEEDS = range(1, 10)


def seeds_of(text: str) -> list[int]:
    """Return the seeds of a list such as `101,102`; those for tuning are refused."""
    seeds = [int(part) for part in text.split(",")]
    used = sorted(set(seeds) & set(TUNING_SEEDS))
    if used:
        raise SystemExit(f"seeds {used} are for tuning; report others, such as 101,102,103")
    return seeds


def file_of(package: str, name: str) -> Path | None:
    """Return a file that an installed package carries, without running the package; None: not installed."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / name).exists():
            return Path(place) / name
    return None
