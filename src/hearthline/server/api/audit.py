"""Who opened which household, when: a line a look, in the home's folder, never changed afterwards.

A line holds no personal identifier: the visitor is a computer or a token's fingerprint, and what was opened
is an order's id or a household's key.
"""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["Audit"]


class Audit:
    """The log of one home: `audit/looks.ndjson`."""

    def __init__(self, home: Path) -> None:
        self._file = home / "audit" / "looks.ndjson"
        self._lock = threading.Lock()

    def seen(self, who: str, what: str, which: str, shown: str) -> None:
        """Write that `who` opened `which` (an `order`, a `household`, an `event`), masked or not."""
        line = {
            "time": datetime.now(UTC).isoformat(),
            "who": who,
            "what": what,
            "which": which,
            "shown": shown,
        }
        with self._lock:
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")

    def last(self, most: int = 20) -> list[dict[str, Any]]:
        """Return the latest looks, newest first."""
        if not self._file.exists():
            return []
        with self._file.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 400 * most))
            lines = file.read().decode("utf-8", "replace").splitlines()
        found = []
        for line in reversed(lines):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # the first line may be cut
            if len(found) == most:
                break
        return found
