"""The log: what was acknowledged, in the order in which it came, on disk before anybody heard of it.

Segments of a fixed size, `0000000001.seg` and so on, each a header and then frames that carry their
length, checksum, number, time and kind. A segment is written once, by one process, front to back; after
a crash or an error nobody appends to it again. Readers in other processes need no lock.
"""

from hearthline.store.log.erasing import erase
from hearthline.store.log.frames import START, Frame, Position
from hearthline.store.log.reading import identity_of, read, segments
from hearthline.store.log.retention import retire
from hearthline.store.log.writing import Disk, Log

__all__ = ["START", "Disk", "Frame", "Log", "Position", "erase", "identity_of", "read", "retire", "segments"]
