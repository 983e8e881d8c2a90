"""The write door by HTTP: a request in, an answer out; acknowledged is only what is on disk.

`door.Door` is the whole of it and knows no framework: address, proof, limits, inflating, decoding, reading,
admitting, the group commit, the answer. `rsgi` puts it behind granian; the tests call it as it is.
"""

from hearthline.server.ingest.answers import Answer
from hearthline.server.ingest.door import Door
from hearthline.server.ingest.heads import Head
from hearthline.server.ingest.rsgi import Gate
from hearthline.server.ingest.rules import Rules

__all__ = ["Answer", "Door", "Gate", "Head", "Rules"]
