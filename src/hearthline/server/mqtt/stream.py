"""One client's bytes cut into packets: lengths, limits, pauses, deadlines, a close that ends.

What a packet means is the business of `connection`. A client can hold at most one packet, or what one read
of the socket brought, in memory; while we do not want more, its socket is not read.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.packets import Kind
from hearthline.server.mqtt.wire import BadPacket, head

__all__ = ["Budget", "Limits", "Stream"]

_READ = memoryview(bytearray(64 * 1024))
_UNREAD = "answers are not read"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may do, and all of them together.

    Attributes:
        payload: bytes of one message's payload.
        in_flight: messages that wait for their PUBACK.
        connections: clients at one time.
        held: bytes of unfinished packets, of all clients together.
        connect: bytes of a CONNECT, its will included.
        connect_s: seconds until a client must have introduced itself.
        packet_s: seconds until a packet that has begun must be whole.
        close_s: seconds in which a client must take our last words.
    """

    payload: int = 128 * 1024
    in_flight: int = 100
    connections: int = 10_000
    held: int = 64 * 2**20
    connect: int = 16 * 1024
    connect_s: float = 10.0
    packet_s: float = 30.0
    close_s: float = 5.0

    @property
    def packet(self) -> int:
        """Bytes of a whole packet: the payload, its topic, and room for properties."""
        return self.payload + 8192


class Budget:
    """Bytes of unfinished packets that all clients hold together."""

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = 0


class Stream(asyncio.BufferedProtocol):
    """The bytes of one client. A subclass says what packets mean in `packet`, and what to say in `refuse`."""

    def __init__(self, limits: Limits, budget: Budget) -> None:
        self.limits, self.budget = limits, budget
        self.transport: asyncio.Transport | None = None
        self.loop = asyncio.get_running_loop()
        self.closing = False
        self.connected = False
        self.silence_s = 0.0
        self._rest = bytearray()
        self._need = 0
        self._out: bytearray | None = None
        self._opened = self._began = self._seen = self.loop.time()
        self._reasons: set[str] = set()
        self._unread_since = 0.0
        self._watch: asyncio.TimerHandle | None = None

    # What a subclass says ---------------------------------------------------------

    def packet(self, first: int, body: bytes) -> None:
        """Act on a packet: its first byte and what follows its head."""
        raise NotImplementedError

    def settle(self) -> None:
        """Finish what `packet` began, as everything that came at once has been read.

        Raises:
            BadPacket: the connection cannot go on.
        """

    def refuse(self, problem: BadPacket, raw: bytes) -> None:
        """Close the connection for a reason, after what the client must hear of it; `raw` is the culprit."""
        raise NotImplementedError

    # What asyncio calls -----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock within which the client must introduce itself."""
        self.transport = cast("asyncio.Transport", transport)
        self._watch = self.loop.call_later(self.limits.connect_s, self._watched)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to: one buffer for all, as it is emptied before anybody else reads."""
        del sizehint
        return _READ

    def buffer_updated(self, nbytes: int) -> None:
        """Cut packets from what came; keep the rest for later."""
        data = bytes(_READ[:nbytes])
        if self.closing:
            return
        self._seen = self.loop.time()
        if not self._rest:
            self._began = self._seen
            self._cut(data)
            return
        self._rest += data
        self.budget.held += len(data)
        if len(self._rest) >= self._need:
            self._cut(self._unrest())
        else:
            self._check_budget()

    def eof_received(self) -> bool | None:
        """Let the transport close: half a conversation is of no use."""
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything."""
        del exc
        self.closing = True
        self._unrest()
        if self._watch is not None:
            self._watch.cancel()

    def pause_writing(self) -> None:
        """Read no more from a client that does not take our answers."""
        self._unread_since = self.loop.time()
        self.pause(_UNREAD)

    def resume_writing(self) -> None:
        """Read on."""
        self.resume(_UNREAD)

    # What a subclass calls --------------------------------------------------------

    @property
    def paused(self) -> bool:
        """Whether there is a reason not to read on."""
        return bool(self._reasons)

    def pause(self, reason: str) -> None:
        """Read nothing more until this reason is gone; bytes wait in the client's own buffers."""
        if not self._reasons and self.transport is not None:
            self.transport.pause_reading()
        self._reasons.add(reason)

    def resume(self, reason: str) -> None:
        """Take a reason away; with the last one, go on with what had been read, then with the socket."""
        self._reasons.discard(reason)
        if self._reasons or self.closing or self.transport is None:
            return
        self._seen = self._began = self.loop.time()  # the client was silent because we did not listen
        if self._rest:
            self._cut(self._unrest())
        if not self._reasons and not self.closing:
            self.transport.resume_reading()

    def watch(self) -> None:
        """Count deadlines anew, as they have changed."""
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self.loop.call_at(self._deadline()[0], self._watched)

    def write(self, answer: bytes) -> None:
        """Send bytes, if the client is still there; the answers to what one read brought go together."""
        if self._out is not None:
            self._out += answer
        elif not self.closing and self.transport is not None:
            self.transport.write(answer)

    def close(self, last: bytes = b"") -> None:
        """Send the last words and close; a client that does not take them is cut off."""
        if self.closing or self.transport is None:
            return
        self._flush()
        if last:
            self.transport.write(last)
        self.closing = True
        self._unrest()
        self.transport.close()
        self.loop.call_later(self.limits.close_s, self.transport.abort)

    def abort(self) -> None:
        """End at once, whatever waits to be sent."""
        if self.transport is not None:
            self.transport.abort()

    # Inside -----------------------------------------------------------------------

    def _flush(self) -> None:
        out, self._out = self._out, None
        if out and not self.closing and self.transport is not None:
            self.transport.write(out)

    def _cut(self, buffer: bytes) -> None:
        """Act on every whole packet of a buffer; what is left of it waits."""
        self._out = bytearray()
        at, problem, culprit = self._acted(buffer)
        try:
            self.settle()
        except BadPacket as other:
            problem, culprit = other, b""
        if problem is not None:
            self.refuse(problem, culprit)
        self._flush()
        if at < len(buffer) and not self.closing:
            if at:
                self._began = self._seen
            self._rest += memoryview(buffer)[at:]
            self.budget.held += len(buffer) - at
            self._check_budget()

    def _acted(self, buffer: bytes) -> tuple[int, BadPacket | None, bytes]:
        """Act on packets while we may; return where the rest begins, and what ended it with its bytes."""
        at, size = 0, len(buffer)
        while at < size and not self.closing and not self._reasons:
            try:
                ends = head(buffer, at)
                whole = ends is not None and self._allowed(buffer[at], ends[1] - at)
            except BadPacket as problem:
                return at, problem, buffer[at:]
            if ends is None or not whole or ends[1] > size:
                self._need = 2 if ends is None else ends[1] - at
                break
            start, end = ends
            try:
                self.packet(buffer[at], buffer[start:end])
            except BadPacket as problem:
                return at, problem, buffer[at:end]
            at = end
        return at, None, b""

    def _allowed(self, first: int, size: int) -> bool:
        """Return True for a packet of a size that may come.

        Raises:
            BadPacket: it is too large, or no CONNECT where one must be.
        """
        most = self.limits.packet if self.connected else self.limits.connect
        if not self.connected and first != Kind.CONNECT << 4:
            wrong = f"no CONNECT first; got byte {first:#04x}"
            raise BadPacket("connect", wrong, "speak MQTT", Code.PROTOCOL_ERROR)
        if size > most:
            wrong = f"a packet of {size} bytes; {most} are allowed"
            raise BadPacket("length", wrong, "send smaller messages", Code.TOO_LARGE)
        return True

    def _unrest(self) -> bytes:
        rest = bytes(self._rest)
        self._rest = bytearray()
        self._need = 0
        self.budget.held -= len(rest)
        return rest

    def _check_budget(self) -> None:
        if self.budget.held > self.limits.held and not self._reasons:
            problem = BadPacket("length", "too many unfinished packets", "send whole packets", Code.QUOTA)
            self.refuse(problem, b"")

    def _watched(self) -> None:
        """Close a client that is late; otherwise look again when it next could be."""
        now, late = self.loop.time(), self._deadline()
        if now < late[0]:
            self._watch = self.loop.call_at(late[0] + 0.001, self._watched)
        else:
            self.refuse(BadPacket("time", late[1], "send in time", late[2]), b"")

    def _deadline(self) -> tuple[float, str, Code]:
        now = self.loop.time()
        if _UNREAD in self._reasons:
            return self._unread_since + self.limits.packet_s, _UNREAD, Code.QUOTA
        if self._reasons:
            return now + 1.0, "", Code.OK
        if not self.connected:
            return self._opened + self.limits.connect_s, "no CONNECT in time", Code.UNSPECIFIED
        silent = self._seen + self.silence_s if self.silence_s else now + 60.0
        unfinished = self._began + self.limits.packet_s if self._rest else now + self.limits.packet_s
        if unfinished < silent:
            return unfinished, "a packet that does not end", Code.UNSPECIFIED
        return silent, f"silent for {self.silence_s:.0f} s", Code.KEEPALIVE
