"""A real server, those who send to it without rest, and what must be found in its home afterwards."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

__all__ = ["Senders", "Served", "Verdict", "verdict"]

HERE = Path(__file__).parent
_SETTINGS = {
    "HEARTHLINE_SERVE__ANSWER_AFTER": str(10**9),  # answers are another matter
    "HEARTHLINE_SERVE__LOAD_EVERY_S": "0.2",
    "HEARTHLINE_MQTT__PORT": "0",
    "HEARTHLINE_LOG__KEEP_DAYS": "3650",
    "HEARTHLINE_LOG__GRACE_MINUTES": "0",
}


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """`hearthline serve`, started again whenever it was killed."""

    def __init__(
        self, home: Path, defect: str = "none", wrapped: Sequence[str] = (), **settings: str
    ) -> None:
        self.home, self.port = home, free_port()
        script = str(HERE / "sabotaged.py")
        self._command = [*wrapped, sys.executable, script, defect, str(home), str(self.port)]
        self._wrapped = bool(wrapped)
        self._environment = {**os.environ, **_SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._log = (home.parent / "server.log").open("ab")

    def start(self) -> None:
        """Start, and return when the door answers."""
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=self._log, stderr=self._log, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
            except OSError:
                if self._process.poll() is not None:
                    raise SystemExit(f"the server did not start; see {self._log.name}") from None
                time.sleep(0.05)
            else:
                return
        raise SystemExit("the server did not open its door within a minute")

    @property
    def server(self) -> int:
        """The process id of the server."""
        assert self._process is not None
        return self._process.pid

    def loader(self) -> int | None:
        """Return the process id of the loader, if it lives."""
        for child in _children(self.server):
            command = Path(f"/proc/{child}/cmdline")
            if command.exists() and b"keeper" in command.read_bytes():
                return child
        return None

    def killed(self, *processes: int | None) -> None:
        """Kill processes at once, and start the server again if it was among them."""
        for process in processes:
            if process is not None:
                _signal(process, signal.SIGKILL)
        if self.server in processes and self._process is not None:
            self._process.wait()
            self.start()

    def stopped_for(self, process: int | None, seconds: float) -> None:
        """Stop a process for a while."""
        if process is not None:
            _signal(process, signal.SIGSTOP)
            time.sleep(seconds)
            _signal(process, signal.SIGCONT)

    def end(self) -> None:
        """End the server as an operator would."""
        if self._process is not None and self._process.poll() is None:
            # whoever traces the server ends with it, but not the other way round
            for process in _children(self.server) if self._wrapped else [self.server]:
                _signal(process, signal.SIGTERM)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()


def _children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []


def _signal(process: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)


@dataclass
class Senders:
    """Threads that send batches, each until it is acknowledged, and now and then one again on purpose.

    A batch in doubt (no answer, or one that is no acknowledgement) is sent again, as clients do.
    """

    port: int
    size: int = 100
    again: float = 0.03
    enough: int = 10**12
    acknowledged: set[int] = field(default_factory=set)
    begun: int = 0
    in_doubt: int = 0
    repeated: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    _pen: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, count: int = 4) -> None:
        """Begin to send."""
        self._threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Send what is begun to its end, and stop."""
        self.stop.set()
        for thread in self._threads:
            thread.join(120)

    @property
    def events(self) -> int:
        """How many events were acknowledged."""
        return len(self.acknowledged) * self.size

    def sent(self, name: str) -> tuple[int, int] | None:
        """Return the batch and the place in it of an event's id; None where nobody sent it.

        >>> Senders(1, size=10, begun=3).sent("2-9"), Senders(1, size=10, begun=3).sent("3-0")
        ((2, 9), None)
        """
        number, _, place = name.partition("-")
        whole = number.isdigit() and place.isdigit()
        if whole and int(number) < self.begun and int(place) < self.size:
            return int(number), int(place)
        return None

    def _send(self, seed: int) -> None:
        dice, connection = random.Random(seed), http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.stop.is_set() and self.begun < self.enough:
            with self._pen:
                number = self.begun
                self.begun += 1
            self._until_acknowledged(connection, number)
            if dice.random() < self.again:
                self.repeated += 1
                self._until_acknowledged(connection, dice.choice(tuple(self.acknowledged)[:100] or (number,)))
        connection.close()

    def _until_acknowledged(self, connection: http.client.HTTPConnection, number: int) -> None:
        body = batch(number, self.size)
        giving_up = None
        while True:
            status = _posted(connection, body)
            with self._pen:
                self.answers[status] = self.answers.get(status, 0) + 1
                if status == 200:
                    self.acknowledged.add(number)
                    return
                self.in_doubt += 1
            if self.stop.is_set():
                giving_up = giving_up or time.monotonic() + 60
                if time.monotonic() > giving_up:
                    return
            time.sleep(0.05)


def batch(number: int, size: int) -> bytes:
    """Return the body of a batch, the same each time."""
    event = (
        '{"type":"track","event":"Product Viewed","messageId":"%d-%d","userId":"u%d",'
        '"timestamp":"2026-03-01T10:00:00Z","properties":{"product_id":"p%d"}}'
    )
    events = ",".join(event % (number, i, (number * 7 + i) % 5000, i) for i in range(size))
    return f'{{"batch":[{events}]}}'.encode()


def _posted(connection: http.client.HTTPConnection, body: bytes) -> int:
    """Return the status of the answer; 0 where there was none."""
    try:
        connection.request("POST", "/v1/batch", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        told = json.loads(answer.read() or b"{}")
    except (OSError, http.client.HTTPException, ValueError):
        connection.close()
        return 0
    return answer.status if answer.status != 200 or told.get("rejected") == 0 else -1


@dataclass(frozen=True)
class Verdict:
    """What was found in the home.

    Attributes:
        acknowledged, stored: events; stored are distinct ones.
        copies: rows of the lake beside them: what was sent again.
        lost: acknowledged and not stored.
        doubled: counted more than once by what the pipeline counts.
        foreign: stored and never sent, or changed on the way.
        loaded_twice: rows of the lake that no frame of the log accounts for.
    """

    acknowledged: int
    stored: int
    copies: int
    lost: int
    doubled: int
    foreign: int
    loaded_twice: int

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or foreign."""
        return not (self.lost or self.doubled or self.foreign or self.loaded_twice)


def verdict(home: Path, senders: Senders, *, counting_once: bool = True) -> Verdict:
    """Load what is left, and return what there is of what was acknowledged.

    Args:
        home: the home; its server has ended.
        senders: who sent.
        counting_once: count as the pipeline does; without, as if duplicates were not taken out.
    """
    from hearthline.journeys import BEFORE_IDENTITY
    from hearthline.pipeline import load
    from hearthline.pipeline.core import make
    from hearthline.store.duckdb import DuckEngine
    from hearthline.store.home import HomeFolder
    from hearthline.store.lake import SCHEMAS, Lake

    folder = HomeFolder.open(home)
    while load(folder).more:
        pass
    lake = Lake(folder.lake)
    rows = foreign = 0
    stored: set[tuple[int, int]] = set()
    for file in lake.files("events"):
        names = pq.read_table(file, columns=["id"])["id"].to_pylist()
        known = [pair for name in names if (pair := senders.sent(name)) is not None]
        stored.update(known)
        rows += len(names)
        foreign += len(names) - len(known)
    engine = DuckEngine("2GB")
    engine.scan("raw_events", lake.files("events"), SCHEMAS["events"])
    for select in BEFORE_IDENTITY:
        if select.table in ("repeated", "clean"):
            make(engine, select, {})
    table = "clean" if counting_once else "raw_events"
    counted = engine.table(f"SELECT count(*) AS n FROM {table}")["n"][0].as_py()
    engine.close()
    held = {(n, i) for n in senders.acknowledged for i in range(senders.size)}
    return Verdict(
        acknowledged=len(held),
        stored=len(stored),
        copies=rows - len(stored),
        lost=len(held - stored),
        doubled=counted - len(stored) - foreign,
        foreign=foreign,
        loaded_twice=rows - _in_log(folder.log),
    )


def _in_log(folder: Path) -> int:
    """Return how many events the log's frames hold."""
    from hearthline.privacy.frames import told_in
    from hearthline.store.log import read

    return sum(told_in(frame.body).columns.rows for _, frame in read(folder) if frame.kind == "admitted")
