"""The same town in which nobody signs in on every third device: how many of them find home then."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import msgspec
from held import Rows

import hearthline as hl

__all__ = ["found_home"]

_SETTINGS = '[attribution]\nmodels = ["last_touch"]\nreplicates = 0\n'


def _third(device: str) -> bool:
    return crc32(device.encode()) % 3 == 0


def _segment(call: dict[str, Any]) -> dict[str, Any] | None:
    """Return a call without whoever signed in on it; None: it was the sign-in."""
    about = call.get("context")
    device = about.get("device", {}).get("id") if isinstance(about, dict) else None
    if device is None or not _third(device):
        return call
    return None if call.get("type") == "identify" else {k: v for k, v in call.items() if k != "userId"}


def _alexa(call: dict[str, Any]) -> dict[str, Any]:
    """Return a spoken request without whose voice it was, if it was said to one of these devices."""
    about = call.get("context")
    system = about.get("System", {}) if isinstance(about, dict) else {}
    if _third(str(system.get("device", {}).get("deviceId", "")).rsplit(".", 1)[-1]):
        system.pop("person", None)
    return call


def _written(inbox: Path, folder: Path) -> None:
    folder.mkdir()
    for file in sorted(inbox.iterdir()):
        change = {"segment.ndjson": _segment, "alexa_skill.ndjson": _alexa}.get(file.name)
        if change is None:
            (folder / file.name).write_bytes(file.read_bytes())
            continue
        lines = []
        for line in file.read_bytes().splitlines():
            try:
                call = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            told = change(call) if isinstance(call, dict) and "context" in call else None
            if told is not None:
                lines.append(msgspec.json.encode(told))
        (folder / file.name).write_bytes(b"".join(line + b"\n" for line in lines))


def found_home(inbox: Path) -> dict[str, tuple[int, int, int]]:
    """Return by kind of device how many had no sign-in, came to a household, and to the right one.

    The right one is that of its home's orders; a speaker that moved in the town is right in either home.
    """
    with TemporaryDirectory(prefix="hearthline-unsigned-") as place:
        _written(inbox, Path(place) / "inbox")
        home = hl.init(Path(place) / "home")
        (home.path / "hearthline.toml").write_text(_SETTINGS)
        home.add(Path(place) / "inbox")
        home.run()
        owners: Rows = home.sql(
            r"""SELECT regexp_extract(id, '([a-z]+-\d{6}.*)$', 1) AS name, unit,
                  regexp_extract(id, '-(\d{6})', 1)::INT AS home
                FROM identifiers WHERE regexp_matches(id, '^(segment.anonymous_id|alexa.device):.*-\d{6}')"""
        ).to_pylist()
        units = {
            r["home"]: r["unit"]
            for r in home.sql(
                r"""SELECT (regexp_extract(order_id, '\d+$')::BIGINT - 5000000000000) // 8192 AS home,
                      mode(unit) AS unit FROM orders WHERE unit IS NOT NULL GROUP BY ALL"""
            ).to_pylist()
        }
    ours = set(units.values())
    out: dict[str, tuple[int, int, int]] = {}
    for row in owners:
        if not _third(row["name"]) or row["home"] not in units:
            continue
        right = row["unit"] in (units[row["home"]], units.get(row["home"] + 1))
        found = out.setdefault(row["name"].split("-")[0], (0, 0, 0))
        came = row["unit"] in ours
        more = (found[0] + 1, found[1] + came, found[2] + (right and came))
        out[row["name"].split("-")[0]] = more
    return out
