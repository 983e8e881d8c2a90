"""Stable keys of texts: the same identifier has the same key on every machine, in every run."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["text_keys"]

Ints = NDArray[np.int64]
_BLOCK = 200_000


def text_keys(texts: pa.StringArray) -> Ints:
    """Return a stable 62-bit key of each text (FNV-1a over its bytes), never negative.

    >>> keys = text_keys(pa.array(["a", "b", "a"]))
    >>> bool(keys[0] > 0), bool(keys[0] == keys[2]), bool(keys[0] == keys[1])
    (True, True, False)
    """
    keys = np.zeros(len(texts), np.int64)
    for start in range(0, len(texts), _BLOCK):
        block = texts.slice(start, _BLOCK)
        begin, length = _spans(block)
        letters = np.frombuffer(block.buffers()[2] or b"", np.uint8)
        hashed = np.full(len(block), 0xCBF29CE484222325, np.uint64)
        with np.errstate(over="ignore"):
            for place in range(int(length.max(initial=0))):
                long = np.flatnonzero(length > place)
                hashed[long] = (hashed[long] ^ letters[begin[long] + place]) * np.uint64(0x100000001B3)
            hashed ^= hashed >> np.uint64(29)
            hashed *= np.uint64(0x9E3779B97F4A7C15)
        keys[start : start + len(block)] = (hashed >> np.uint64(2)).astype(np.int64)
    return keys


def _spans(texts: pa.StringArray) -> tuple[Ints, Ints]:
    """Return where each text's bytes begin in the array's buffer, and how many they are."""
    ends = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, texts.offset * 4).astype(np.int64)
    return ends[:-1], np.diff(ends)
