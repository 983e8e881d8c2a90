"""Files in: read, admit, append; everything of one call becomes visible together or not at all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from hearthline import files, sources
from hearthline.pipeline.core import Progress
from hearthline.pipeline.rereading import Reread, keep_mended, open_rejects, settled
from hearthline.privacy import Ring, admit_events, admit_tables
from hearthline.schema.cycles import uncollected
from hearthline.schema.errors import BadConfig, BadPayload
from hearthline.schema.event import Event, Raw
from hearthline.schema.records import Metric, RawPayload, Reject
from hearthline.store.answer import PublishedAnswer
from hearthline.store.asking import asked
from hearthline.store.damage import damage_told
from hearthline.store.home import HomeFolder
from hearthline.store.lake import INTAKE, SCHEMAS, Batch, Lake

__all__ = ["Intake", "Request", "add", "events", "rejects"]

_BLOCK = 40_000
"""Events and refusals that are stored at a time; a payload is never cut."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to read and how; some file must have each column that `said` names."""

    paths: tuple[str | Path, ...]
    source: str | None
    mapping: Mapping[str, str | Mapping[str, str]]
    received: datetime
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Intake:
    """What one file gave: `read` inputs became `events` events (or spend rows) and `rejects` rejects.

    `replaced` events were read otherwise before, and `mended` inputs refused: this reading counts instead.
    A payload may hold several events or, like a handshake, none; a row is one event, a metric counts as one.
    """

    origin: str
    source: str
    read: int = 0
    events: int = 0
    rejects: int = 0
    replaced: int = 0
    mended: int = 0
    guesses: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def refuse(self, refused: Iterable[Reject]) -> None:
        """Count rejects by reason."""
        for reject in refused:
            self.rejects += 1
            self.reasons[reject.reason] = self.reasons.get(reject.reason, 0) + 1


def add(home: HomeFolder, request: Request, progress: Progress) -> list[Intake]:
    """Return what each file gave; see `Home.add`."""
    if request.source is not None:
        sources.load(request.source)
    files.check_mapping(request.mapping)
    lake = Lake(home.lake)
    taken: list[Intake] = []
    with home.writing(), damage_told(home):
        before, read = lake.snapshot(), []
        with lake.batch(request.received) as batch:
            ring = home.ring.now()
            for path in files.find(request.paths):
                progress(f"reading {path.name}")
                content = files.read(path, files.mapping_of(path, request.mapping))
                if isinstance(content, files.Payloads):
                    taken += _add_payloads(batch, content, request, ring)
                else:
                    read.append(Reread(files.source_of(path), open_rejects(before, files.source_of(path))))
                    taken.append(_add_rows(batch, (path, content), read[-1], request, ring))
            _check_said(request.said, taken)
            _record(batch, taken, request.received)
            for reread in read:
                mended = reread.refused.take(pa.array(sorted(reread.mended), pa.int64()))
                keep_mended(batch, mended, request.received)
        for intake, gone in settled(home, before, batch, read, request.received).items():
            told = next(t for t in taken if files.source_of(Path(t.origin)) == intake)
            told.replaced = gone
    return taken


def _check_said(said: Mapping[str, str], taken: Iterable[Intake]) -> None:
    """Refuse a mapping to a column that no file has: it would be passed over without a word.

    Raises:
        BadConfig: the message lists the columns that there are.
    """
    guesses = [intake.guesses for intake in taken]
    kept = {c for g in guesses for f, c in g.items() if f not in ("ignored", "revenue") and c[:1] != "("}
    rest = {c for g in guesses for c in g.get("ignored", "").split(", ") if c}
    for name, column in said.items():
        if name in files.SETTINGS or any(g.get(name) == column for g in guesses):
            continue
        if column in kept | rest:
            raise BadConfig(
                f"mapping: {name}={column} is used by no file: no table with that column has a field "
                f"`{name}`; leave it out, or see `hearthline map FILE`"
            )
        cure = f"choose one of {', '.join(sorted(kept | rest))}" if kept | rest else "leave the mapping out"
        raise BadConfig(f"mapping: for `{name}`, no file has a column {column!r}; {cure}")


def _record(batch: Batch, taken: list[Intake], received: datetime) -> None:
    names = [f for f in INTAKE.names if f != "received"]
    rows = [{**{n: getattr(t, n) for n in names}, "received": received} for t in taken]
    batch.write("intake", pa.Table.from_pylist(rows, schema=INTAKE))


def _add_rows(
    batch: Batch, file: tuple[Path, Iterator[files.Rows]], reread: Reread, request: Request, ring: Ring
) -> Intake:
    intake = Intake(file[0].name, "file")
    for part in file[1]:
        intake.mended += reread.heed(part, ring)
        intake.source = part.kind
        intake.read += part.read
        intake.guesses.update(part.guesses)
        intake.refuse(part.rejects)
        intake.events += part.events.num_rows + part.spend.num_rows
        batch.admit(admit_tables(part.events, part.identities, part.rejects, ring), request.received)
        if part.spend.num_rows:
            batch.write("spend", part.spend.select(SCHEMAS["spend"].names).cast(SCHEMAS["spend"]))
    return intake


def _add_payloads(batch: Batch, payloads: files.Payloads, request: Request, ring: Ring) -> list[Intake]:
    """Return one intake for each platform found in the file."""
    reader = _Reader(payloads.origin, request)
    lines = iter(payloads.lines)
    more = True
    while more:
        with uncollected():
            more = reader.fill(lines)
            read = admit_events(reader.events, reader.raw, reader.refused, ring, metrics=reader.metrics)
            reader.rest()
        batch.admit(read, request.received)
    return list(reader.intakes.values())


class _Reader:
    """Payload lines to events, raw payloads and rejects; remembers which platform came last."""

    def __init__(self, origin: str, request: Request) -> None:
        self.origin, self.request = origin, request
        self.platform = request.source
        self.intakes: dict[str, Intake] = {}
        self.events: list[Event] = []
        self.metrics: list[Metric] = []
        self.raw: list[RawPayload] = []
        self.refused: list[Reject] = []

    def rest(self) -> None:
        """Forget what was handed on."""
        self.events, self.metrics, self.raw, self.refused = [], [], [], []

    def fill(self, lines: Iterator[tuple[int, bytes]]) -> bool:
        """Read as many payloads as are stored at a time; return whether there may be more."""
        for number, line in lines:
            self.take(number, line)
            if len(self.events) + len(self.metrics) + len(self.refused) >= _BLOCK:
                return True
        return False

    def take(self, number: int, line: bytes) -> None:
        """Read one payload: into events, a reject, or, where a batch is good in part, both."""
        known = self.request.source or self.platform
        event = None if known is None else sources.read_line(known, line, self.request.received)
        if known is not None and event is not None:
            self._intake(known).read += 1
            self._keep(known, number, line, sources.Taken([event], [], None))
            return
        try:
            payload = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            cure = "send one JSON object a line"
            self._intake("unknown").read += 1
            self._refuse("unknown", number, line, BadPayload("json", f"not JSON; {error}", cure, "not-json"))
            return
        platform = self._platform(payload)
        self._intake(platform or "unknown").read += 1
        if platform is None:
            wrong = f"no source knows this shape; got {_shape(payload)}"
            cure = "name it with --source, or map its fields"
            self._refuse("unknown", number, line, BadPayload("json", wrong, cure, "unknown-shape"))
            return
        taken = sources.taken(platform, payload, self.request.received)
        if taken.refusal is not None:
            self._refuse(platform, number, line, taken.refusal)
        if taken.events or taken.metrics:
            self._keep(platform, number, line, taken)

    def _keep(self, platform: str, number: int, line: bytes, taken: sources.Taken) -> None:
        digest = sha256(line).hexdigest()
        raw = Raw(
            media_type="application/json",
            sha256=digest,
            reference=f"{self.origin}:{number}",
            adapter=platform,
            adapter_version=1,
        )
        self.events += [msgspec.structs.replace(e, raw=raw) for e in taken.events]
        self.metrics += taken.metrics
        self.raw.append(RawPayload(sha256=digest, media_type="application/json", body=line))
        self._intake(platform).events += len(taken.events) + len(taken.metrics)

    def _platform(self, payload: object) -> str | None:
        if not isinstance(payload, dict):
            return None
        if self.request.source:
            return self.request.source
        if self.platform is None or not sources.load(self.platform).recognises(payload):
            self.platform = sources.recognise(payload)
        return self.platform

    def _intake(self, platform: str) -> Intake:
        return self.intakes.setdefault(platform, Intake(self.origin, platform))

    def _refuse(self, platform: str, number: int, line: bytes, error: BadPayload) -> None:
        reject = Reject(
            source=platform,
            reason=error.reason,
            place=f"{self.origin}:{number} {error.place}",
            wrong=error.wrong,
            cure=error.cure,
            raw=line,
        )
        self._intake(platform).refuse([reject])
        self.refused.append(reject)


def _shape(payload: object) -> str:
    if isinstance(payload, dict):
        return f"an object with the keys {sorted(map(str, payload))[:8]}"
    return f"a {type(payload).__name__}"


_AS_CAME_FIRST = """
    WITH first AS (
      SELECT e.key, min((e.time_received, e.time)) AS at
      FROM events e SEMI JOIN found f ON f.key = e.key GROUP BY e.key)
    SELECT f.* FROM found f JOIN first USING (key) WHERE (f.time_received, f.time) = first.at
    QUALIFY row_number() OVER (PARTITION BY f.key ORDER BY f.identity) = 1
    ORDER BY f.time DESC, f.id, f.source"""


def events(home: HomeFolder, where: str, limit: int) -> pa.Table:
    """Return events of the current answer's lake, newest first.

    What came more than once is there once, as it came first.
    """
    answer = PublishedAnswer(home)
    most = limit = int(limit)
    try:
        again = answer.table("SELECT duplicates FROM run")["duplicates"][0].as_py()
        while True:
            sql = f"SELECT * FROM events WHERE {where} ORDER BY time DESC, id, source LIMIT {most}"
            rows = asked("the condition", answer.connection, partial(answer.table, sql))
            once = _as_came_first(answer, rows) if again else rows
            if once.num_rows >= limit or rows.num_rows < most:
                return once.slice(0, limit)
            most *= 2
    finally:
        answer.close()


def _as_came_first(answer: PublishedAnswer, found: pa.Table) -> pa.Table:
    """Return the events without copies: a row stays if nothing of its event came before it."""
    answer.connection.register("found", found)
    try:
        return answer.table(_AS_CAME_FIRST)
    finally:
        answer.connection.unregister("found")


def rejects(home: HomeFolder, reason: str | None, limit: int) -> pa.Table:
    """Return what is refused and was not read since, newest first; the lake alone is needed, no answer."""
    with damage_told(home):
        table = open_rejects(Lake(home.lake))
    if reason is not None:
        table = table.filter(pc.equal(table["reason"], reason))
    return table.sort_by([("received", "descending"), ("place", "ascending")]).slice(0, limit)
