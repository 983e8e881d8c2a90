"""Refused inputs tried again: those that can be read now are added, the others stay where they are."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow.compute as pc

from hearthline import sources
from hearthline.api import open_home
from hearthline.files import TABLES
from hearthline.pipeline import mend
from hearthline.schema.errors import HearthlineError
from hearthline.store.home import HomeFolder

__all__ = ["Retried", "retry"]

_ALL = 10**9


@dataclass(frozen=True, slots=True)
class Retried:
    """What a second try gave: how many were `tried`, how many could be `read`, and the events they made.

    `rows` of tables are not tried: only their file, with what `--map` says of it, tells what they mean.
    """

    tried: int
    read: int
    events: int
    rows: int = 0


def _readable(bodies: Iterable[bytes], received: datetime) -> Iterator[tuple[str, bytes]]:
    """Yield platform and body of what a source reads without a complaint today."""
    for body in dict.fromkeys(bodies):
        try:
            payload = msgspec.json.decode(body)
            platform = sources.recognise(payload) if isinstance(payload, dict) else None
            if platform and sources.taken(platform, payload, received).refusal is None:
                yield platform, body
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, HearthlineError):
            continue


def retry(home: Path, reason: str | None = None) -> Retried:
    """Return what came of trying all rejects of a reason (or all) again; nothing is refused twice.

    What can be read now is no longer refused.

    Raises:
        HomeBusy: another process is writing to this home.
    """
    opened = open_home(home)
    rows = opened.rejects(reason, _ALL)
    tabular = pc.starts_with(rows["source"], TABLES)
    tables = pc.sum(tabular).as_py() or 0
    rows = rows.filter(pc.invert(tabular))
    bodies = [b for b in rows["raw"].to_pylist() if b] if "raw" in rows.column_names else []
    now = datetime.now(UTC)
    by_platform: dict[str, list[bytes]] = {}
    readable = []
    for platform, body in _readable(bodies, now):
        readable.append(body)
        by_platform.setdefault(platform, []).append(body.replace(b"\n", b" "))
    events = 0
    with tempfile.TemporaryDirectory(prefix="hearthline-retry-") as folder:
        for platform, lines in by_platform.items():
            file = Path(folder) / f"retried-{platform}.ndjson"
            file.write_bytes(b"\n".join(lines) + b"\n")
            events += sum(i.events for i in opened.add(file, source=platform))
    if readable:
        mend(HomeFolder.open(home), readable, now)
    return Retried(rows.num_rows, len(readable), events, tables)
