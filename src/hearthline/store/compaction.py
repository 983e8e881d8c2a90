"""Small batches of the lake become large ones, while others read and write it.

Merged files are written first and named in one replacement of the manifest, in the place of those that
they hold. The old files stay until nobody can be reading them: for a time of grace, and as long as an
answer names them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from hearthline.store.home import sync_file, sync_folder
from hearthline.store.lake import Lake

__all__ = ["Compacted", "compact", "drop", "sweep"]

_LARGE = 128 << 20
_MOST = 256 << 20
_TIERS = (1 << 20, 16 << 20, _LARGE)
_STRAY = timedelta(days=1)
_ALL = "SELECT * FROM {}"
_ONCE = {
    "aliases": "SELECT later, earlier, min(received) AS received FROM {} GROUP BY ALL ORDER BY ALL",
    "contexts": "SELECT DISTINCT ON (context) * FROM {} ORDER BY context",
    "identities": "SELECT DISTINCT * FROM {} ORDER BY identity",
}
"""How tables are merged whose rows say the same however often they are there."""

_Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did: `batches` batches with `files` files became `merges` batches."""

    merges: int = 0
    batches: int = 0
    files: int = 0


def compact(lake: Lake, least: int = 16) -> Compacted:
    """Merge small batches of one received day, and return how many.

    Args:
        lake: the lake; others may read and write it.
        least: how many batches of about one size are worth merging; 2 merges whatever can be.
    """
    merges = batches = files = 0
    for group in list(_groups(lake, least)):
        if _merge(lake, group):
            merges += 1
            batches += len(group)
            files += sum(len(names) for entry in group for names in entry["files"].values())
    return Compacted(merges, batches, files)


def _groups(lake: Lake, least: int) -> Iterator[list[_Entry]]:
    """Yield batches that belong together: same days, about the same size, together not too large."""
    sized = []
    for place, entry in enumerate(lake.manifest()["batches"]):
        size = sum((lake.folder / f).stat().st_size for names in entry["files"].values() for f in names)
        tier = sum(size >= t for t in _TIERS)
        if tier < len(_TIERS):
            sized.append((_days(entry), tier if least > 2 else 0, place, size, entry))
    for _, alike in groupby(sorted(sized, key=lambda s: s[:3]), key=lambda s: s[:2]):
        group: list[_Entry] = []
        filled = 0
        for *_, size, entry in alike:
            if filled + size > _MOST:
                if len(group) >= least:
                    yield group
                group, filled = [], 0
            group.append(entry)
            filled += size
        if len(group) >= least:
            yield group


def _days(entry: _Entry) -> list[str]:
    return sorted({f.split("/")[1] for names in entry["files"].values() for f in names})


def _merge(lake: Lake, group: Sequence[_Entry]) -> bool:
    """Write one batch that holds a group of others, and put it into their place; say whether it was done."""
    name = f"merged-{uuid4().hex[:12]}"
    merged: dict[str, list[str]] = {}
    for table in group[0]["files"].keys() | {t for entry in group for t in entry["files"]}:
        every = [f for entry in group for f in entry["files"].get(table, [])]
        for day in dict.fromkeys(f.split("/")[1] for f in every):
            target = f"{table}/{day}/{name}.parquet"
            _write(lake.folder, table, [f for f in every if f.split("/")[1] == day], target)
            merged.setdefault(table, []).append(target)
    rows: dict[str, int] = {}
    for entry in group:
        for table, count in entry["rows"].items():
            rows[table] = rows.get(table, 0) + count
    received = max(entry["received"] for entry in group)
    whole = {"name": name, "received": received, "rows": rows, "files": dict(sorted(merged.items()))}
    if _replaced(lake, group, whole):
        return True
    for file in (f for names in merged.values() for f in names):
        (lake.folder / file).unlink(missing_ok=True)
    return False


def _write(folder: Path, table: str, files: Sequence[str], target: str) -> None:
    names = ", ".join("'" + str(folder / f).replace("'", "''") + "'" for f in files)
    source = f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
    path = folder / target
    with duckdb.connect(config={"threads": 1, "memory_limit": "1GB"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        quoted = str(path).replace("'", "''")
        con.execute(
            f"COPY ({_ONCE.get(table, _ALL).format(source)}) TO '{quoted}' "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
        )
    sync_file(path)
    sync_folder(path.parent)


def _replaced(lake: Lake, group: Sequence[_Entry], whole: _Entry) -> bool:
    """Put a batch into the place of others, unless somebody changed them meanwhile."""
    with lake.changing() as manifest:
        batches = manifest["batches"]
        if any(entry not in batches for entry in group):
            return False
        batches[batches.index(group[0])] = whole
        manifest["batches"] = [b for b in batches if b not in group]
        drop(manifest, [f for entry in group for names in entry["files"].values() for f in names])
    return True


def drop(manifest: dict[str, Any], files: Sequence[str]) -> None:
    """Note files that the manifest no longer names, so that `sweep` removes them when their time has come."""
    at = datetime.now(UTC).isoformat()
    manifest.setdefault("dropped", []).append({"at": at, "files": list(files)})


def sweep(lake: Lake, pinned: Collection[Path], grace: timedelta) -> int:
    """Remove files that nothing names any more, and return how many.

    Args:
        lake: the lake.
        pinned: files that an answer still reads.
        grace: how long after they were dropped files stay for those who are reading them.
    """
    now, removed = datetime.now(UTC), 0
    kept = {str(p.relative_to(lake.folder)) for p in pinned if p.is_relative_to(lake.folder)}
    if any(_due(d, now, grace) for d in lake.manifest().get("dropped", [])):
        with lake.changing() as manifest:
            left = []
            for dropped in manifest.get("dropped", []):
                due = _due(dropped, now, grace)
                gone = [f for f in dropped["files"] if due and f not in kept]
                for file in gone:
                    (lake.folder / file).unlink(missing_ok=True)
                removed += len(gone)
                stay = [f for f in dropped["files"] if f not in gone]
                left += [{"at": dropped["at"], "files": stay}] if stay else []
            manifest["dropped"] = left
    for stray in lake.strays():
        if stray not in pinned and now.timestamp() - stray.stat().st_mtime > _STRAY.total_seconds():
            stray.unlink(missing_ok=True)
            removed += 1
    return removed


def _due(dropped: dict[str, Any], now: datetime, grace: timedelta) -> bool:
    """Return whether the time of grace is over, also where the clock was set back meanwhile."""
    age = now - datetime.fromisoformat(dropped["at"])
    return age >= grace or age < -_STRAY
