"""What became durable, told to the clients: for a whole group one wake-up, and one write a client."""

import asyncio
from collections import deque
from functools import partial
from typing import Protocol

from hearthline.server.mqtt.arrivals import Answer, Done

__all__ = ["Acks", "Waiting"]


class Waiting(Protocol):
    """A client that waits for messages of its own to be kept."""

    def kept(self, answers: list[Answer]) -> None:
        """Send these, in this order: their messages are on the disk."""
        ...

    def unkept(self, reason: Exception) -> None:
        """Hear that a message could not be kept."""
        ...


class Acks:
    """The way back from the thread that writes to the clients of one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._done: deque[tuple[Waiting, Answer, object]] = deque()
        self._woken = False

    def waiter(self, client: Waiting, answer: Answer) -> Done:
        """Return what the writing thread is to call; the answer is sent after that, never before."""
        return partial(self._note, client, answer)

    def _note(self, client: Waiting, answer: Answer, outcome: object) -> None:
        self._done.append((client, answer, outcome))
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._tell)
            except RuntimeError:  # the loop is closed: nobody is left to hear it, and all is kept
                return

    def _tell(self) -> None:
        self._woken = False  # first, so that what is noted from here on wakes us again
        answers: dict[Waiting, list[Answer]] = {}
        for _ in range(len(self._done)):
            client, answer, outcome = self._done.popleft()
            if isinstance(outcome, Exception):
                client.kept(answers.pop(client, []))
                client.unkept(outcome)
            else:
                answers.setdefault(client, []).append(answer)
        for client, written in answers.items():
            client.kept(written)
