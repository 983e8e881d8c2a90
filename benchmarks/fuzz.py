"""Hostile bodies at the door: what it takes never breaks what comes behind it.

    python benchmarks/fuzz.py [--bodies 100000] [--seeds 1,2,3,4,5,6,7,8,9,10] [--cache FOLDER] [--small]
                              [--write docs/write-door-figures.md]

Bodies are made from every source's documented payloads: values swapped for absurd ones, keys doubled,
brackets and bytes put in or left out, encodings broken. Each goes through the door's own reading (`taken`);
what comes out of it goes into a log, the loader takes the log into a lake, every column is read by DuckDB,
the raw payloads as JSON. So many bodies are made of each seed; with `--cache` a seed that was tried before is
counted from there. It ends with exit code 1 and the seed at the first body that raises, or when the lake
holds other numbers than the door told.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from hearthline import sources
from hearthline.pipeline.loading import load
from hearthline.server.taking import taken
from hearthline.sources import Proof, Sent
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake, TableName
from hearthline.store.log import Frame, Log
from published import markdown, write_block

FIXTURES = Path(__file__).parents[1] / "tests/sources/fixtures"
MARK = "make fuzz"
BLOCK = 20_000
_ABSURD = """
null true false 0 -0 -1 1e308 1e999 -1e-999 0.1e1 01 1. .5 0x10 9007199254740993
123456789012345678901234567890
"" " " "\\u0000" "\\ud800" "\\udfff\\ud800" "\\uffff" "\\ufeff" "NaN" "1e400" NaN Infinity 'a' "\\x00"
"9999-12-31T23:59:59-14:00" "0000-00-00" "2026-02-30T25:61:61Z" "1970-01-01T00:00:00+99:99"
[] {} [[]] [null] [{}] {"":""} {"a":{"b":{"c":[1,{"d":"e"}]}}} "-99999999999999999999"
"<script>" "=1+1" "';DROP" "../../etc/passwd" "ann@example.com" "203.0.113.7" "\U0001f680"
"""
ABSURD = _ABSURD.split()
ABSURD += ["9" * 400, "-" + "9" * 39, '"' + "x" * 5000 + '"', "[" * 70 + "]" * 70, '"\x01"']
ABSURD += ['"' + "\\u00e9" * 400 + '"', '"' + "\\ud83d\\ude80" * 40 + '"']
BYTES = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00", b"\xef\xbb\xbf", *(bytes([c]) for c in b'{}[],:"\\'))


def payloads() -> list[tuple[str, dict[str, str], str]]:
    """Return each documented payload as a body: the source, the headers, the text."""
    found = []
    for name in sources.names():
        file = FIXTURES / f"{name}.json"
        for payload in json.loads(file.read_text()).values() if file.exists() else ():
            body, headers = payload, {}
            if isinstance(payload, dict) and set(payload) == {"headers", "body"}:
                body, headers = payload["body"], {k.lower(): str(v) for k, v in payload["headers"].items()}
            found.append((name, headers, json.dumps(body)))
    return found


def values(text: str) -> list[tuple[int, int]]:
    """Return where scalar values of a JSON text begin and end, by a scan that any text survives."""
    found, at = [], 0
    while (at := text.find(": ", at)) >= 0:
        at += 2
        end = at
        if text[at : at + 1] == '"':
            end = text.find('"', at + 1) + 1
        else:
            while end < len(text) and text[end] not in ",}] ":
                end += 1
        if end > at:
            found.append((at, end))
    return found


def mutated(text: str, dice: random.Random) -> bytes:
    """Return a body that was damaged in one to four places."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        places = values(text)
        kind = dice.random()
        if places and kind < 0.6:
            begin, end = dice.choice(places)
            text = text[:begin] + dice.choice(ABSURD) + text[end:]
        elif places and kind < 0.7:
            begin, _ = dice.choice(places)
            key = text[text.rfind('"', 0, begin - 3) : begin]
            text = text[:begin] + "1, " + key + text[begin:]
        elif kind < 0.8:
            text = f"[{', '.join([text] * dice.choice((2, 3)))}]"
        elif kind < 0.85:
            text = text.replace("{", '{"k": {', 1) + "}"
        else:
            cut = dice.randrange(len(text) + 1)
            text = text[:cut] + text[cut + dice.randrange(3) :]
    body = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.1:
        cut = dice.randrange(len(body) + 1)
        body = body[:cut] + dice.choice(BYTES) + body[cut:]
    return body


def bodies(number: int, seed: int) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """Yield so many bodies: the source that they are sent to, the headers, the bytes."""
    dice = random.Random(seed)
    known = payloads()
    for _ in range(number):
        name, headers, text = dice.choice(known)
        if dice.random() < 0.05:
            name = dice.choice(known)[0]
        yield name, headers, mutated(text, dice)


def run(number: int, seed: int, home: HomeFolder) -> Counter[str]:
    """Return what was counted; every body went through the door, the log, the loader and DuckDB."""
    counts: Counter[str] = Counter()
    log = Log(home.log, segment_bytes=8 << 20)
    proof, at = Proof(scheme="write-key", key_id="fuzz"), datetime.now(UTC)
    frames: list[Frame] = []
    for index, (name, headers, body) in enumerate(bodies(number, seed)):
        sent = Sent(path=f"/in/{name}", headers=headers, body=body, wire=body, received=at)
        try:
            found = taken(name, sent, proof, home.key)
        except Exception:
            print(f"seed {seed}, body {index}, source {name}: {body!r}", file=sys.stderr)
            raise
        frames.append(Frame("admitted", found.body))
        counts["events and metrics told"] += found.accepted
        counts["rejects told"] += found.rejected
        counts["defects of sources"] += found.reasons.get("defect", 0)
        counts["malformed"] += found.malformed
        if len(frames) == BLOCK:
            settle(log, frames, home)
    settle(log, frames, home)
    log.close()
    counts["bodies"] = number
    lake = Lake(home.lake)
    counts["events stored"], counts["rejects stored"] = lake.rows("events"), lake.rows("rejects")
    counts["metrics stored"] = lake.rows("metrics")
    return counts


def settle(log: Log, frames: list[Frame], home: HomeFolder) -> None:
    """Bring frames into the lake."""
    if frames:
        log.append(frames)
        frames.clear()
    while load(home).more:
        pass


def read_back(home: HomeFolder) -> dict[str, int]:
    """Return how many rows of each table DuckDB reads, all columns of them."""
    tables: tuple[TableName, ...] = ("events", "identities", "raw", "rejects", "metrics")
    found: dict[str, int] = dict.fromkeys(tables, 0)
    lake = Lake(home.lake)
    with duckdb.connect() as con:
        for table in tables:
            if not lake.files(table):
                continue
            files = ", ".join(f"'{f}'" for f in lake.files(table))
            rows = f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
            columns = con.execute(f"SELECT * FROM {rows} LIMIT 0").description or []
            hashed = ", ".join(f'bit_xor(hash("{c[0]}"))' for c in columns)
            found[table] = con.execute(f"SELECT count(*), {hashed} FROM {rows}").fetchall()[0][0]
            if table == "raw":
                con.execute(f"SELECT count(decode(body)::JSON ->> 'type') FROM {rows}").fetchall()
    return found


def tried(number: int, seed: int) -> Counter[str]:
    """Return what was counted of one seed's bodies, with what of it DuckDB reads."""
    with TemporaryDirectory(prefix="hearthline-fuzz-") as folder:
        home = HomeFolder.create(Path(folder))
        counts = run(number, seed, home)
        counts.update({f"rows of {table} read": rows for table, rows in read_back(home).items()})
    return counts


def broken(counts: Counter[str]) -> list[str]:
    """Return in words where the lake and the door disagree; nothing, as it must be.

    >>> broken(Counter({"events and metrics told": 2, "events stored": 1, "rows of events read": 1}))
    ['2 accepted and refused, 1 stored']
    """
    told = counts["events and metrics told"] + counts["rejects told"]
    tables = ("events", "metrics", "rejects")
    stored = sum(counts[f"{table} stored"] for table in tables)
    found = [f"{told} accepted and refused, {stored} stored"] if told != stored else []
    for table in tables:
        kept, read = counts[f"{table} stored"], counts[f"rows of {table} read"]
        found += [f"{kept} {table} stored, {read} read"] if kept != read else []
    return found + (["a source has a defect"] if counts["defects of sources"] else [])


def cached(number: int, seed: int, cache: Path | None) -> Counter[str]:
    """Return what was counted of a seed, from the cache where it is there."""
    file = None if cache is None else cache / f"fuzz-{seed}-{number}.json"
    if file is not None and file.exists():
        return Counter(json.loads(file.read_text()))
    began = time.monotonic()
    counts = tried(number, seed)
    print(f"seed {seed}: {number:,} bodies, {time.monotonic() - began:.0f} s", file=sys.stderr)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(counts))
    return counts


def main() -> int:
    """Run, tell, and return the exit code."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    flags.add_argument("--bodies", type=int, default=100_000, help="of each seed")
    flags.add_argument("--seeds", default="1,2,3,4,5,6,7,8,9,10")
    flags.add_argument("--cache", type=Path, help="where finished seeds are kept")
    flags.add_argument("--small", action="store_true", help="two thousand bodies")
    flags.add_argument("--write", type=Path, help="the page whose block to write")
    given = flags.parse_args()
    number, seeds = (2_000, [1]) if given.small else (given.bodies, [int(s) for s in given.seeds.split(",")])
    counts: Counter[str] = Counter()
    for seed in seeds:
        counts.update(cached(number, seed, given.cache))
    wrong = broken(counts)
    verdict = "nothing broke" if not wrong else f"BROKEN: {'; '.join(wrong)}"
    rows = [(name, f"{value:,}") for name, value in counts.items()]
    text = markdown(("", "found"), [*rows, ("verdict", verdict)])
    print(text)
    if given.write:
        write_block(given.write, MARK, text)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
