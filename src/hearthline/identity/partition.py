"""Which part each identifier and identity is of: what could ever influence what (see `parts`)."""

import numpy as np

from hearthline.identity.evidence import Evidence, Ints, Pairs
from hearthline.identity.merging import components
from hearthline.identity.policies import RANK
from hearthline.identity.statements import Said

__all__ = ["partition"]


def partition(evidence: Evidence, asleep: Pairs, said: Said) -> tuple[Ints, Ints]:
    """Return the parts of identifiers and of rows, as the code of the first identifier of each.

    Everything that a row names is in one part, but its network, which strangers share: a network belongs
    to those who sleep there, unless they are too many; and to rows that name nothing else.
    """
    network = evidence.names[evidence.code] == RANK["network"]
    known = np.zeros(len(evidence.identity), bool)
    known[evidence.row[~network]] = True
    tied = ~network | ~known[evidence.row]
    row = evidence.row[tied] + evidence.count
    left = np.concatenate([evidence.code[tied], asleep.left, said.left])
    right = np.concatenate([row, asleep.right, said.right])
    label = components(evidence.count + len(evidence.identity), left, right)
    return label[: evidence.count], label[evidence.count :]
