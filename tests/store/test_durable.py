"""A file is the old one or the new one, whatever the disk does meanwhile."""

import errno
import os
from pathlib import Path

import pytest

from hearthline.store.durable import write_durably


def test_a_disk_that_takes_a_part_at_a_time_gets_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, path = os.write, tmp_path / "manifest.json"
    monkeypatch.setattr(os, "write", lambda handle, body: write(handle, bytes(body)[:3]))
    write_durably(path, b"0123456789")
    assert path.read_bytes() == b"0123456789"


def test_a_disk_that_fills_up_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, path, room = os.write, tmp_path / "manifest.json", [4]
    write_durably(path, b"old")

    def filling(handle: int, body: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, "full")
        return write(handle, bytes(body)[: room.pop()])

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(OSError, match="full"):
        write_durably(path, b"0123456789")
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]
    assert path.read_bytes() == b"old"
