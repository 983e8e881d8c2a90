"""The home: a folder that holds one Hearthline project.

```
hearthline.toml     settings (optional)
secret.key          key of the keyed hashes, readable by its owner only
log/                what was acknowledged, until it is in the lake and for some days after
lake/               what came in: Parquet, append-only, listed in lake/manifest.json
answers/            one DuckDB file a run, and `current.json`, which names the one to read
experiments.json    experiments as planned, and lifts that others found (no household is in it)
towns.json          how wrong models are in simulated towns of this size, where that was asked for
forgotten.json      marks of those who asked to be forgotten
write.lock          held by the one process that adds files or makes an answer
load.lock           held by the one process that moves the log into the lake
merge.lock          held by the one process that merges the lake's small files
```
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hearthline.schema.errors import HomeBusy, HomeMissing

__all__ = ["HomeFolder", "sync_file", "sync_folder", "write_durably"]


def write_durably(path: Path, body: bytes, mode: int = 0o644) -> None:
    """Write the file so that after a crash it holds either the old bytes or the new ones."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.write(handle, body)
        os.fsync(handle)
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


class HomeFolder:
    """Where everything of one home lies; makes nothing by itself.

    Raises:
        HomeMissing: `open` was given a folder that holds no home.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings_file = path / "hearthline.toml"
        self.log = path / "log"
        self.lake = path / "lake"
        self.answers = path / "answers"
        self._key = path / "secret.key"

    @classmethod
    def create(cls, path: Path) -> "HomeFolder":
        """Return the home in that folder, making what is not there yet."""
        home = cls(path)
        for folder in (home.lake, home.answers):
            folder.mkdir(parents=True, exist_ok=True)
        if not home._key.exists():
            write_durably(home._key, secrets.token_bytes(32), mode=0o600)
        return home

    @classmethod
    def open(cls, path: Path) -> "HomeFolder":
        """Return the home in that folder."""
        home = cls(path)
        if not home.lake.is_dir() or not home._key.exists():
            raise HomeMissing(f"{path}: no Hearthline home here; make one with `hearthline init {path}`")
        return home

    @property
    def key(self) -> bytes:
        """The key of the keyed hashes."""
        return self._key.read_bytes()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the home's pen for files and answers; reading, and loading the log, go on beside it.

        Raises:
            HomeBusy: another process holds it.
        """
        with _held(self.path / "write.lock", "another process is writing here"):
            yield

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Hold the right to move the log into the lake.

        Raises:
            HomeBusy: another process holds it, such as a server.
        """
        with _held(self.path / "load.lock", "another process is loading the log"):
            yield

    @contextmanager
    def merging(self) -> Iterator[None]:
        """Hold the right to merge the lake's batches and to remove what nobody reads.

        Raises:
            HomeBusy: another process holds it.
        """
        with _held(self.path / "merge.lock", "another process is merging the lake"):
            yield


@contextmanager
def _held(file: Path, otherwise: str) -> Iterator[None]:
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeBusy(f"{file.parent}: {otherwise}; wait for it, or use another --home") from None
        yield
    finally:
        os.close(handle)
