"""Memory that was needed for a while and is not now, given back to the system."""

import ctypes
import gc

import pyarrow as pa

__all__ = ["give_back"]


def give_back() -> None:
    """Give back what this process holds and does not use; call it after large work.

    Without it the C library keeps freed pages for later work of each thread that did some. Where the library
    has no `malloc_trim` (it is glibc's), only Arrow's pool is emptied.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
