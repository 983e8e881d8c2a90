"""What keeps a home small: small batches merged, files nobody reads removed, segments retired."""

from dataclasses import dataclass
from datetime import timedelta

from hearthline.pipeline.loading import since
from hearthline.schema.settings import LogSettings
from hearthline.store.answer import pinned
from hearthline.store.compaction import Compacted, compact, sweep
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from hearthline.store.log import identity_of, retire

__all__ = ["Kept", "upkeep"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What an upkeep did: merges, files removed from the lake, segments removed from the log."""

    merged: Compacted
    removed: int
    retired: int


def upkeep(home: HomeFolder, settings: LogSettings, *, thorough: bool = False) -> Kept:
    """Merge, sweep and retire what is due; others may read and write the home meanwhile.

    Args:
        home: the home.
        settings: when something is due.
        thorough: merge whatever can be merged, not only what is worth it by the way.
    """
    lake = Lake(home.lake)
    with home.merging():
        merged = compact(lake, 2 if thorough else settings.merge_at)
        removed = sweep(lake, pinned(home), timedelta(minutes=settings.grace_minutes))
    name = identity_of(home.log)
    retired = retire(home.log, since(home, name), settings.keep_days * 86_400) if name else []
    return Kept(merged, removed, len(retired))
