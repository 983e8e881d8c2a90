"""Child processes of the server: started, listened to, started again when they end, ended with it."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

__all__ = ["Child"]

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_LONG_LIFE_S = 60.0
_GRACE_S = 60.0


class Child:
    """One child, `python -m module arguments`; it ends when its standard input does.

    Args:
        module: what runs.
        arguments: with what.
        heard: is given each JSON line that it writes to standard output.
        ended: is told its exit code whenever it ended unasked.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        heard: Callable[[dict[str, Any]], None],
        ended: Callable[[int], None],
    ) -> None:
        self._command = (sys.executable, "-m", module, *arguments)
        self._heard, self._ended = heard, ended
        self._process: asyncio.subprocess.Process | None = None
        self._closing = False

    async def keep(self) -> None:
        """Run it until `close`, again and again, waiting longer after each short life."""
        loop, wait_s = asyncio.get_running_loop(), _FIRST_WAIT_S
        while not self._closing:
            began = loop.time()
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
            await self._listen(cast("asyncio.StreamReader", self._process.stdout))
            code = await self._process.wait()
            if self._closing:
                return
            self._ended(code)
            wait_s = _FIRST_WAIT_S if loop.time() - began > _LONG_LIFE_S else min(2 * wait_s, _LONGEST_WAIT_S)
            await asyncio.sleep(wait_s)

    async def _listen(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            with contextlib.suppress(json.JSONDecodeError, KeyError, TypeError):
                self._heard(json.loads(line))

    async def close(self) -> None:
        """Ask it to end by closing its standard input; end it when it does not."""
        self._closing = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        cast("asyncio.StreamWriter", process.stdin).close()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except TimeoutError:
            process.kill()
            await process.wait()
