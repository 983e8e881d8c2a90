"""The door: one request in, one answer out. Whatever is answered with 200 is on disk.

The order: address, proof over the raw bytes, limits, inflating within a bound, strict decoding, reading and
admitting each event, the group commit, the answer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from hearthline import sources
from hearthline.privacy import Keys
from hearthline.schema.errors import BadPayload, QueueFull, Unproven
from hearthline.server.commit import Commit
from hearthline.server.ingest.answers import PIXEL, Answer, counted, not_taken, replied, told
from hearthline.server.ingest.figures import Figures
from hearthline.server.ingest.heads import Head, Place, place_of, query_of
from hearthline.server.ingest.inflating import inflated
from hearthline.server.ingest.proving import Proven, Prover
from hearthline.server.ingest.rules import Rules
from hearthline.server.keys import ANY
from hearthline.server.rates import Rates
from hearthline.server.taking import UNKNOWN, Taken, refused, taken
from hearthline.sources import Sent

__all__ = ["Door"]

_METHODS = ("POST", "PUT", "GET", "OPTIONS")
_NOWHERE = told(404, "no such address", "send to /in/PLATFORM; `hearthline sources` lists the platforms")
_STATUS = {"too-large": 413, "bad-encoding": 415}
_ALLOWED = Answer(204, (("allow", "POST, OPTIONS"),), b"")
_WRONG_METHOD = not_taken(*_METHODS)


class _Asked(NamedTuple):
    """A request whose place is known."""

    head: Head
    place: Place
    query: Mapping[str, str]
    wire: bytes
    received: datetime

    def sent(self, body: bytes) -> Sent:
        """Return what a source sees of it."""
        return Sent(
            method=self.head.method,
            path=self.place.path,
            query=self.query,
            headers=self.head.headers,
            body=body,
            wire=self.wire,
            received=self.received,
        )


@dataclass(slots=True)
class Door:
    """Takes requests of every source.

    Args:
        key: the home's key or ring of keys, with which personal identifiers are hashed.
        commit: makes frames durable.
        prover: knows the keys and the platforms' proofs.
        rules: the limits.
        figures: what was counted.
        rates: how much each key may send.
    """

    key: Keys
    commit: Commit
    prover: Prover
    rules: Rules
    figures: Figures = field(default_factory=Figures)
    rates: Rates = field(default_factory=Rates)

    def turned_away(self, head: Head) -> Answer | None:
        """Return the answer to a request whose body need not be read, or None."""
        if head.method not in _METHODS:
            return self._answered(_WRONG_METHOD)
        if place_of(head.path) is None:
            return self._answered(_NOWHERE)
        if self.figures.flight_bytes > self.rules.flight_bytes:
            return self._answered(told(429, "too much is being sent at once", "send it again later", 1))
        return None

    async def handle(self, head: Head, wire: bytes, *, whole: bool = True) -> Answer:
        """Return the answer; with 200, what was accepted and what was rejected is on disk.

        Args:
            head: method, path, query, headers.
            wire: the body as sent.
            whole: whether that is all of it; else it was longer than allowed and is cut.
        """
        place = place_of(head.path)
        if place is None:
            return self._answered(_NOWHERE)
        asked = _Asked(head, place, query_of(head.query), wire, datetime.now(UTC))
        try:
            return self._answered(await self._handled(asked, whole=whole))
        except Unproven as error:
            self.figures.unproven[next(iter(place.platforms), UNKNOWN)] += 1
            return self._answered(told(401, f"{error.place}: {error.wrong}", error.cure))
        except QueueFull:
            return self._answered(told(429, "more waits for the disk than may", "send it again later", 1))
        except OSError:
            return self._answered(told(503, "it cannot be made durable now", "send it again later", 5))

    async def _handled(self, asked: _Asked, *, whole: bool) -> Answer:
        body, problem = self._body(asked, whole=whole)
        proven = self.prover.by_key(asked.head, asked.place, asked.query, body)
        if proven is not None:
            own = proven.key.requests_per_second if proven.key else None
            wait_s = self.rates.wait_s(proven.proof.key_id or "", own)
            if wait_s:
                cure = "send larger batches, or give the key a higher limit"
                return told(429, "more requests than this key may send", cure, math.ceil(wait_s))
        elif whole:
            proven = await self.prover.by_platform(asked.place, asked.sent(body), asked.head)
        else:  # a signature over a body that was not read can't be checked, so nothing of it is kept
            return told(413, f"a body of more than {self.rules.body_bytes} bytes", "send smaller batches")
        sent = asked.sent(body)
        if len(asked.place.platforms) > 1 and (proven.key is None or proven.key.platform == ANY):
            proven = proven._replace(platform=_meant(asked.place.platforms, sent))
        return await self._answer_to(proven, sent, problem)

    async def _answer_to(self, proven: Proven, sent: Sent, problem: BadPayload | None) -> Answer:
        """Return the answer to a sender who is known; of a handshake nothing is kept, it proves nobody."""
        reply = None if problem is not None else await self._reply(proven, sent)
        if reply is not None:
            return reply
        if proven.proof.scheme == "handshake":
            raise Unproven("door", "no answer to this question", "send the platform's own request")
        if problem is not None:
            await self._keep(proven, refused(proven.platform, sent, problem, self.key))
            return told(_STATUS.get(problem.reason, 400), problem.wrong, problem.cure)
        found = taken(proven.platform, sent, proven.proof, self.key, most_items=self.rules.batch_items)
        await self._keep(proven, found)
        if found.malformed:
            status = max(_STATUS.get(reason, 400) for reason in found.reasons)
            return told(status, f"refused: {', '.join(found.reasons)}", "see `hearthline rejects`")
        return PIXEL if sent.method == "GET" else counted(found.accepted, found.rejected, found.reasons)

    async def _reply(self, proven: Proven, sent: Sent) -> Answer | None:
        """Return the answer to a question of the platform, or None where the request holds payloads."""
        name = proven.platform
        if name is not None and hasattr(sources.load(name), "reply"):
            ask = partial(sources.replied, name, sent, self.prover.account(name, proven.account))
            reply = await self.prover.fetcher.through(ask)
            if reply is not None:
                return replied(reply)
        return _ALLOWED if sent.method == "OPTIONS" else None

    def _body(self, asked: _Asked, *, whole: bool) -> tuple[bytes, BadPayload | None]:
        """Return the inflated body, or what came with the reason why it is none."""
        if not whole:
            wrong = f"a body of more than {self.rules.body_bytes} bytes"
            return asked.wire, BadPayload("body", wrong, "send smaller batches", "too-large")
        try:
            encoding = asked.head.headers.get("content-encoding", "")
            return inflated(asked.wire, encoding, self.rules.inflated_bytes), None
        except BadPayload as problem:
            return asked.wire, problem

    async def _keep(self, proven: Proven, found: Taken) -> None:
        await self.commit.keep(found.body)
        self.figures.took(proven.platform or UNKNOWN, found.accepted, found.reasons)

    def _answered(self, answer: Answer) -> Answer:
        self.figures.answers[answer.status] += 1
        return answer


def _meant(platforms: tuple[str, ...], sent: Sent) -> str | None:
    """Return which of the sources that share a path knows the shape of what was sent; else the first.

    None where nobody can read it: then it is of nobody.
    """
    first = None
    for name in platforms:
        try:
            payload = next(iter(sources.payloads_of(name, sent)), None)
        except BadPayload:
            continue
        first = first or name
        if payload is not None and sources.load(name).recognises(payload):
            return name
    return first
