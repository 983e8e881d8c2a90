"""The home: a folder that holds one Hearthline project.

```
hearthline.toml     settings (optional)
secret.key          current key of the keyed hashes, readable by its owner only
earlier.keys        keys before it that are still valid, likewise (see `store.ring`)
marks.key           key of the marks in forgotten.json, likewise; it is never rotated
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hearthline.schema.errors import BadConfig, HomeBusy, HomeMissing
from hearthline.store.durable import sync_file, sync_folder, write_durably
from hearthline.store.ring import RingFile

__all__ = ["HomeFolder", "sync_file", "sync_folder", "write_durably"]


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
        self._ring = RingFile(path)

    @classmethod
    def create(cls, path: Path) -> "HomeFolder":
        """Return the home in that folder, making what is not there yet."""
        home = cls(path)
        if path.exists() and not path.is_dir():
            raise BadConfig(f"{path}: is a file; a home is a folder, name one, such as hearthline-home")
        lost = home.lake.is_dir() and not home._ring.begun and any(home.lake.iterdir())
        if lost:
            return cls.open(path)
        for folder in (home.lake, home.answers):
            folder.mkdir(parents=True, exist_ok=True)
        home._ring.begin()
        return home

    @classmethod
    def open(cls, path: Path) -> "HomeFolder":
        """Return the home in that folder."""
        home = cls(path)
        if home.lake.is_dir() and not home._ring.begun:
            raise HomeMissing(
                f"{path}: this home has lost its file secret.key, by which personal identifiers are hashed; "
                "bring it back from a backup"
            )
        if not home.lake.is_dir():
            raise HomeMissing(f"{path}: no Hearthline home here; make one with `hearthline init {path}`")
        return home

    @property
    def key(self) -> bytes:
        """The current key of the keyed hashes."""
        return self._ring.now().current

    @property
    def ring(self) -> RingFile:
        """The keys of the keyed hashes, current and earlier; `ring.now` is always up to date."""
        return self._ring

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
