"""Files that survive a crash: old bytes or new ones, never half of either."""

import os
from pathlib import Path

__all__ = ["sync_file", "sync_folder", "write_durably"]


def write_durably(path: Path, body: bytes, mode: int = 0o644) -> None:
    """Write the file so that after a crash it holds either the old bytes or the new ones."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        view = memoryview(body)
        while view:  # a disk that fills up takes a part and says so by its length alone
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    draft.replace(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make what was written to a file durable."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
