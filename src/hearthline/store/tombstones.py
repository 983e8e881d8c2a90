"""The list of those who were forgotten, `forgotten.json` in the home: marks and when they were made."""

import json
from datetime import UTC, datetime
from pathlib import Path

from hearthline.privacy import NOBODY, Forgotten
from hearthline.store.durable import write_durably
from hearthline.store.ring import RingFile

__all__ = ["forgotten", "remember"]

_NAME = "forgotten.json"


def forgotten(home: Path) -> Forgotten:
    """Return who was forgotten in this home."""
    file = home / _NAME
    if not file.exists():
        return NOBODY
    listed = json.loads(file.read_bytes())["marks"]
    marks = {mark: datetime.fromisoformat(at) for mark, at in listed.items()}
    return Forgotten(marks, RingFile(home).marks_key())


def remember(home: Path, marks: set[str]) -> None:
    """Add marks to the list; from then on whatever they mark is dropped when it comes."""
    file = home / _NAME
    listed = json.loads(file.read_bytes())["marks"] if file.exists() else {}
    at = datetime.now(UTC).isoformat()
    written = {**listed, **dict.fromkeys(sorted(marks), at)}
    write_durably(file, json.dumps({"marks": written}, indent=1).encode(), mode=0o600)
