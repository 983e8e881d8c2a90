"""A server that is killed, stopped and starved while it is sent to: what it acknowledged is there, once.

    python benchmarks/torture.py [--kills 100] [--events 1000000] [--seed 1] [--small]
                                 [--write docs/benchmarks.md]

Real senders and a real server. `kill -9` hits the server, the loader or both at random moments, sometimes
while they are stopped; batches in doubt are sent again, and some on purpose. Then the same with a disk whose
syncs fail and with a clock that is a year off; with a disk that is full; and under strace, which sees in
what order the server writes, syncs and answers. Two servers with a defect must be caught: one that
acknowledges before it writes, and a count that takes duplicates for events.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from published import markdown, write_block
from tormented import Senders, Served, Verdict, verdict

MARK = "make torture"
FULL = "disk full, then space again"
_HEADS = ("", "kills", "events acknowledged", "sent again", "lost", "doubled", "foreign", "verdict")


@dataclass
class Trial:
    """One line of the table: what was done, and what was found."""

    name: str
    kills: int
    found: Verdict
    caught: bool | None = None
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ended as it must."""
        return self.found.good if self.caught is None else self.caught

    def cells(self) -> tuple[str, ...]:
        """Return the line."""
        f = self.found
        words = ("BROKEN", "nothing lost") if self.caught is None else ("MISSED", "caught")
        numbers = (
            self.kills,
            f.acknowledged,
            f.copies,
            f.lost,
            f.doubled + max(f.loaded_twice, 0),
            f.foreign,
        )
        return (self.name, *(f"{n:,}" for n in numbers), words[self.passed])


def killed_at_random(folder: Path, kills: int, events: int, seed: int, defect: str = "none") -> Trial:
    """Return what is there after so many kills and at least so many events."""
    dice, served = random.Random(seed), Served(folder / "home", defect)
    served.start()
    senders = Senders(served.port)
    senders.start()
    done = 0
    while done < kills or senders.events < events:
        time.sleep(dice.uniform(0.05, 1.5))
        if done < kills:
            _hit(served, dice)
            done += 1
            if done % 10 == 0:
                print(f"  {defect}: {done} kills, {senders.events:,} events", file=sys.stderr)
    senders.finish()
    served.end()
    return Trial("kill -9 at random", done, verdict(served.home, senders))


def _hit(served: Served, dice: random.Random) -> None:
    loader = served.loader()
    victims = dice.choice(((served.server,), (loader,), (served.server, loader)))
    if dice.random() < 0.25:
        served.stopped_for(dice.choice((served.server, loader)), dice.uniform(0.05, 1.0))
    served.killed(*victims)


def acknowledged_too_early(folder: Path, kills: int, seed: int) -> Trial:
    """Return what is there after a server that acknowledges first was killed; it must be caught."""
    trial = killed_at_random(folder, kills, 0, seed, "ack-first")
    return Trial("control: acknowledges before it writes", trial.kills, trial.found, trial.found.lost > 0)


def counted_as_sent(folder: Path, events: int) -> Trial:
    """Return what is counted where duplicates are not taken out; it must be caught."""
    served = Served(folder / "home")
    served.start()
    senders = Senders(served.port, again=0.2)
    senders.start()
    while senders.events < events or not senders.repeated:
        time.sleep(0.1)
    served.killed(served.server)
    senders.finish()
    served.end()
    found = verdict(served.home, senders, counting_once=False)
    return Trial("control: de-duplication switched off", 1, found, found.doubled > 0)


def disk_full(folder: Path, size_mb: int = 24) -> Trial | None:
    """Return what is there after the log's disk was full for a while; None: no small disk can be mounted."""
    log = folder / "home" / "log"
    log.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(log)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        return None
    try:
        served = Served(folder / "home", HEARTHLINE_LOG__SEGMENT_BYTES=str(2 << 20))
        served.start()
        senders = Senders(served.port)
        senders.start()
        refused = _wait_for(lambda: senders.answers.get(503, 0) >= 40)
        files, at_full = len(list(log.iterdir())), senders.events
        time.sleep(1)
        still = senders.events == at_full
        subprocess.run(["mount", "-o", f"remount,size={size_mb * 3}m", str(log)], check=True)
        healed = _wait_for(lambda: senders.events > at_full)
        senders.stop.set()
        senders.finish()
        served.end()
        found = verdict(served.home, senders)
    finally:
        subprocess.run(["umount", "-l", str(log)], check=False)
    littered = files > size_mb
    good = found.good and refused and still and healed and not littered
    note = f"{senders.answers.get(503, 0)} answers 503, {files} files at that time"
    return Trial(FULL, 0, found, None if good else False, note)


def _wait_for(true: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def out_of_order(folder: Path, requests: int = 50, defect: str = "none") -> int | None:
    """Return how many answers were given before what they acknowledge was synced; None: no strace here.

    A missing sync is not seen by killing, because what was written survives in the kernel.
    """
    trace = folder / "trace"
    calls = "trace=pwrite64,fdatasync,write,writev,sendto,sendmsg"
    wrapped = ("strace", "-f", "-y", "-s", "16", "-e", calls, "-o", str(trace))
    if shutil.which("strace") is None:
        return None
    served = Served(folder / "home", defect, wrapped)
    try:
        served.start()
    except SystemExit:  # tracing is forbidden here
        return None
    senders = Senders(served.port, again=0.0, enough=requests)
    senders.start(1)
    _wait_for(lambda: len(senders.acknowledged) >= requests)
    senders.finish()
    served.end()
    return _early(trace.read_text(errors="replace"))


def _early(trace: str) -> int:
    """Return how many answers follow a write to a segment that was not synced, or no write at all."""
    written = synced = early = 0
    waiting: dict[str, str] = {}
    for line in trace.splitlines():
        process, _, call = line.partition(" ")
        call = call.strip()
        if "unfinished" in call:
            waiting[process] = call
        elif "resumed>" in call:
            call = waiting.pop(process, "") + call
        if "pwrite64(" in call and ".seg" in call and "unfinished" not in call:
            written += 1
        elif "fdatasync(" in call and ".seg" in call and call.endswith("= 0"):
            synced = written
        elif "HTTP/1.1 200" in call and "resumed" not in call:
            early += synced != written or not written
            written = synced = 0
    return early


def main() -> None:
    """Run all trials and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="a short form, for tests")
    parser.add_argument("--write", type=Path, help="the page whose block to write")
    asked = parser.parse_args()
    kills, events = (3, 3_000) if asked.small else (asked.kills, asked.events)
    with tempfile.TemporaryDirectory(prefix="hearthline-torture-") as name:
        folder = Path(name)
        trials = list(_trials(folder, kills, events, asked.seed))
        early, control = out_of_order(_new(folder)), out_of_order(_new(folder), defect="ack-first")
    text = "\n".join([markdown(_HEADS, [t.cells() for t in trials]), "", *_notes(trials, early, control)])
    print(text)
    if asked.write:
        write_block(asked.write, MARK, text)
    sys.exit(not (all(t.passed for t in trials) and not early and (control is None or control > 0)))


def _trials(folder: Path, kills: int, events: int, seed: int) -> Iterator[Trial]:
    few, other = max(2, kills // 10), max(1_000, events // 20)
    yield killed_at_random(_new(folder), kills, events, seed)
    ailing = killed_at_random(_new(folder), few, other, seed + 1, "ailing")
    yield replace(ailing, name="... with a disk whose syncs fail")
    off = killed_at_random(_new(folder), few, other, seed + 2, "year-off")
    yield replace(off, name="... with a clock a year off")
    full = disk_full(_new(folder))
    if full is not None:
        yield full
    yield acknowledged_too_early(_new(folder), few, seed + 3)
    yield counted_as_sent(_new(folder), other)


def _notes(trials: Sequence[Trial], early: int | None, control: int | None) -> Iterator[str]:
    yield from (f"{t.name}: {t.note}." for t in trials if t.note)
    if not any(t.name == FULL for t in trials):
        yield "Disk full: not run, no small file system can be mounted here."
    if early is None:
        yield "Order of write, sync and answer: not seen, strace does not work here."
    else:
        yield (
            f"Under strace, {early} of 50 answers came before the fdatasync of what they acknowledge; "
            f"from the server that acknowledges first, {control}."
        )


def _new(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=folder))


if __name__ == "__main__":
    main()
