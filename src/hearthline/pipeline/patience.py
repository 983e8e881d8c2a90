"""Waiting for whoever is at a home to let go of it; imports nothing of other rooms but errors."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

from hearthline.schema.errors import HomeBusy

__all__ = ["held", "patiently"]

_PATIENCE_S = 120.0


def patiently(done: Callable[[], None]) -> None:
    """Do something as soon as whoever is at the home has let go of it.

    Raises:
        HomeBusy: that did not happen within two minutes.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return done()
        except HomeBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def held(*locks: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Hold these locks of a home, one after the other, each as soon as it is free.

    Raises:
        HomeBusy: one is not let go of within two minutes.
    """
    with ExitStack() as stack:
        for lock in locks:
            patiently(partial(_enter, stack, lock))
        yield


def _enter(stack: ExitStack, lock: Callable[[], AbstractContextManager[None]]) -> None:
    stack.enter_context(lock())
