"""What is coming in, as it comes: server-sent events that say that something changed, and totals.

A new answer, a new batch in the lake and its rejects are seen by two small files; nothing is read twice.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from hearthline.server.api.shelf import Shelves
from hearthline.store.lake import Lake

__all__ = ["arrivals", "totals"]

_PAUSE_S, _BEAT = 1.0, 15


def totals(shelves: Shelves, most: int = 8) -> dict[str, Any]:
    """Return how many events and rejects the lake holds, and its latest batches, newest first."""
    batches = Lake(shelves.folder.lake).manifest()["batches"]
    kinds = ("events", "rejects")
    return {k: sum(b["rows"].get(k, 0) for b in batches) for k in kinds} | {
        "batches": [
            {"received": b["received"], **{k: b["rows"].get(k, 0) for k in kinds}}
            for b in batches[-most:][::-1]
        ]
    }


def _state(shelves: Shelves) -> dict[str, Any]:
    stamps = {}
    for name, file in (
        ("run", shelves.folder.answers / "current.json"),
        ("intake", shelves.folder.lake / "manifest.json"),
    ):
        try:
            stamps[name] = file.stat().st_mtime_ns
        except FileNotFoundError:
            stamps[name] = 0
    return stamps


def _said(kind: str, value: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode()


async def arrivals(shelves: Shelves, once: bool = False) -> AsyncIterator[bytes]:  # noqa: FBT001, FBT002
    """Yield an event `hello`, then `intake` for each new batch and `run` for each new answer."""
    before = await asyncio.to_thread(_state, shelves)
    shown = await asyncio.to_thread(_run, shelves)
    yield b"retry: 3000\n" + _said("hello", await asyncio.to_thread(_told, shelves))
    beat = 0
    while not once:
        await asyncio.sleep(_PAUSE_S)
        now = await asyncio.to_thread(_state, shelves)
        if now["intake"] != before["intake"]:
            yield _said("intake", await asyncio.to_thread(_told, shelves))
        before = now
        run = await asyncio.to_thread(_run, shelves)
        if run != shown:
            shown = run
            yield _said("run", {"run": run})
        beat = (beat + 1) % _BEAT
        if not beat:
            yield b": still here\n\n"


def _run(shelves: Shelves) -> str:
    try:
        return shelves.current().run
    except FileNotFoundError:
        return ""


def _told(shelves: Shelves) -> dict[str, Any]:
    return totals(shelves, 1)
