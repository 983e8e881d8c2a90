"""Whatever reads bytes of strangers, led by what it covers (atheris): it returns or refuses, nothing else.

    python benchmarks/fuzz_decoders.py [--runs 100000] [--seed 1] [--small]
                                       [--write docs/write-door-figures.md]

Each decoder runs in a process of its own, which begins with documented payloads and packets and keeps what
leads to new branches. A decoder that raises anything but its own refusal ends its process with the bytes; so
does a body that the door takes and the loader's columns do not hold. `raw` refuses by raising on purpose: the
control that must be caught. Atheris is for Linux on x86-64; elsewhere this says so and ends.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from published import markdown, write_block

MARK = "make fuzz-decoders"
FIXTURES = Path(__file__).parents[1] / "tests/sources/fixtures"
AT = datetime(2026, 3, 1, tzinfo=UTC)
CONTROL = "control: a reader that raises"
Target = Callable[[bytes], None]


def flawed(body: bytes) -> bool:
    """Return whether JSON holds what the door refuses, told the slow and simple way."""
    from hearthline.server.strict import MOST_DIGITS, MOST_LEVELS

    seen = []

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        seen.append(len(dict(found)) < len(found) or any("\0" in key for key, _ in found))
        return dict(found)

    def digits(text: str) -> int:
        seen.append(len(text.lstrip("-")) > MOST_DIGITS)
        return 0

    def levels(value: object) -> int:
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        seen.append(isinstance(value, str) and "\0" in value)
        return 0 if inside is None else 1 + max(map(levels, inside), default=0)

    deep = levels(json.loads(body, object_pairs_hook=pairs, parse_int=digits)) > MOST_LEVELS
    return deep or any(seen)


def targets() -> dict[str, Target]:
    """Return each decoder, and what must hold of it."""
    from hearthline.privacy import admitted_of
    from hearthline.schema.errors import BadPayload, QueueFull
    from hearthline.server.ingest.heads import place_of, query_of
    from hearthline.server.ingest.inflating import inflated
    from hearthline.server.mqtt import packets, wire
    from hearthline.server.strict import strictly
    from hearthline.server.taking import taken
    from hearthline.sources import Proof, Sent
    from hearthline.store.log.frames import decoded, encoded

    proof = Proof(scheme="write-key", key_id="fuzz")

    def door(data: bytes) -> None:
        found = taken(None, Sent(path="/in", body=data, wire=data, received=AT), proof, b"k" * 32)
        held = admitted_of([found.body])
        assert held.events.num_rows + len(held.metrics) == found.accepted, "the columns hold other numbers"
        assert len(held.rejects) == found.rejected, "the columns refuse what the door takes"

    def strict(data: bytes) -> None:
        with suppress(BadPayload):
            found = strictly(data, "fuzz")
            assert json.loads(found.text) is not Ellipsis, "text that is no JSON"
            assert found.refused or not flawed(data), "what may not pass has passed"

    def gzip(data: bytes) -> None:
        with suppress(BadPayload):
            assert len(inflated(data, "gzip", 4096)) <= 4096, "longer than the bound"

    def head(data: bytes) -> None:
        text = data.decode("latin-1")
        place_of("/" + text)
        query_of(text)

    def frames(data: bytes) -> None:
        for _, frame in decoded(data, 0):
            admitted_of([frame.body])
            encoded(frame)

    def packet(data: bytes) -> None:
        with suppress(wire.BadPacket, QueueFull):
            wire.head(data, 0)
        version = 4 + data[0] % 2 if data else 4
        readers: tuple[Callable[[], object], ...] = (
            lambda: packets.connect_of(data),
            lambda: packets.publish_of(2, data, version),
            lambda: packets.filters_of(data, version, subscribes=True),
            lambda: packets.disconnect_of(data, version),
        )
        for read in readers:
            with suppress(wire.BadPacket):
                read()

    def raising(data: bytes) -> None:
        if data[:2] == b"\x01\x02":
            raise RuntimeError("on purpose")

    return {
        "a body through the door into columns": door,
        "strict JSON": strict,
        "gzip within a bound": gzip,
        "a path and a query": head,
        "frames of the log": frames,
        "MQTT packets": packet,
        CONTROL: raising,
    }


def corpus(folder: Path) -> Path:
    """Return a folder with documented payloads, packets and frames to begin with."""
    from hearthline.store.log.frames import Frame, encoded

    folder.mkdir()
    seeds = [b"\x04\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03tap", b"\x00\x01t\x00\x07\x00{}", b"\x01\x01"]
    seeds.append(encoded(Frame("admitted", b"\x93\x90\x90\x90", 1, 1)))
    for file in sorted(FIXTURES.glob("*.json")):
        for payload in json.loads(file.read_text()).values():
            body = payload.get("body", payload) if isinstance(payload, dict) else payload
            seeds.append(json.dumps(body).encode())
    for number, seed in enumerate(s for s in seeds if len(s) < 4096):
        (folder / f"{number:05d}").write_bytes(seed)
    return folder


def alone(name: str, runs: int, seed: int, folder: str) -> None:
    """Try one decoder in this process, until it is done or fails."""
    import atheris  # type: ignore[import-untyped] # it has no types

    with atheris.instrument_imports(include=["hearthline"]):
        from hearthline import sources

        target = targets()[name]
        for source in sources.names() if runs > 1_000 else ():  # else they are read as they are
            sources.load(source)
    options = [f"-atheris_runs={runs}", f"-seed={seed}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", f"{folder}/corpus"], target)
    atheris.Fuzz()


def tried(name: str, runs: int, seed: int) -> tuple[str, str, bool]:
    """Return how many runs a decoder had, how many branches they covered, and whether it failed."""
    with TemporaryDirectory(prefix="hearthline-fuzz-") as folder:
        corpus(Path(folder) / "corpus")
        command = [sys.executable, __file__, "--only", name, "--runs", str(runs), "--seed", str(seed)]
        done = subprocess.run([*command, "--folder", folder], capture_output=True, text=True, check=False)
    told = done.stderr
    done_runs = re.findall(r"^Done (\d+) ", told, re.MULTILINE) or re.findall(r"^#(\d+)", told, re.MULTILINE)
    covered = re.findall(r"cov: (\d+)", told)
    # what ends at a finding never says that it is done; the interpreter's own end is not what is tried here
    failed = "\nDone " not in told
    if failed and name != CONTROL:
        print(told[-3000:], file=sys.stderr)
    return (done_runs or ["0"])[-1], (covered or ["0"])[-1], failed


def main() -> int:
    """Try every decoder, tell, and return the exit code."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--runs", type=int, default=100_000, help="of each decoder")
    flags.add_argument("--seed", type=int, default=1)
    flags.add_argument("--small", action="store_true", help="some hundred runs of each")
    flags.add_argument("--write", type=Path, help="the page whose block to write")
    flags.add_argument("--only", help=argparse.SUPPRESS)
    flags.add_argument("--folder", help=argparse.SUPPRESS)
    given = flags.parse_args()
    if given.only:
        alone(given.only, given.runs, given.seed, given.folder)
    try:
        import atheris  # noqa: F401 # whether it is there
    except ImportError:
        print("atheris is not installed: it is for Linux on x86-64", file=sys.stderr)
        return 0
    runs = 300 if given.small else given.runs
    rows, broken = [], False
    for name in targets():
        control = name == CONTROL
        done, covered, failed = tried(name, max(runs, 100_000) if control else runs, given.seed)
        broken = broken or failed != control
        words = ("MISSED", "caught") if control else ("nothing else", "BROKEN")
        rows.append((name, f"{int(done):,}", covered, words[failed]))
    text = markdown(("", "runs", "branches", "returned or refused"), rows)
    print(text)
    if given.write:
        write_block(given.write, MARK, text)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
