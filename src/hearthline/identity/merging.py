"""Connected components, plain and under constraints: what must not be one is not made one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

__all__ = ["Limit", "components", "merged"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def components(count: int, left: Ints, right: Ints, piece: int = 0) -> Ints:
    """Return (count,) the smallest node of each node's connected component.

    Args:
        count: number of nodes, below 2^31.
        left: one end of each link; may be a file mapped into memory.
        right: the other.
        piece: with a number, so many links are looked at at a time: memory then grows with the nodes
            and not with the links.

    >>> components(4, np.array([1, 3]), np.array([3, 1])).tolist()
    [0, 1, 2, 1]
    """
    if not count:
        return np.zeros(0, np.int64)
    if not piece or len(left) <= piece:
        return _at_once(count, left, right)
    label = np.arange(count, dtype=np.int64)
    for start in range(0, len(left), piece):
        part = slice(start, start + piece)
        again = _at_once(count, label[np.asarray(left[part])], label[np.asarray(right[part])])
        label = again[label]
    return label


def _at_once(count: int, left: Ints, right: Ints) -> Ints:
    ends = (left.astype(np.int32, copy=False), right.astype(np.int32, copy=False))
    graph = sparse.coo_array((np.ones(len(left), np.int8), ends), shape=(count, count))
    many, label = connected_components(graph, directed=False)
    smallest = np.full(many, count, np.int64)
    # Nodes come in ascending order, so writing them backwards leaves the smallest of each component.
    smallest[label[::-1]] = np.arange(count - 1, -1, -1)
    return smallest[label]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` of the `members` may come together: those within `window_us` of the newest, if any."""

    members: Bools
    most: int
    window_us: int = 0


@dataclass(slots=True)
class _Cluster:
    """What is known of one cluster while links are replayed: its nodes that are limited, and its foes."""

    limited: dict[int, list[int]] = field(default_factory=dict)
    foes: set[int] = field(default_factory=set)
    nodes: list[int] = field(default_factory=list)


def merged(
    ends: tuple[Ints, Ints], rank: Ints, last_us: Ints, limits: Sequence[Limit], apart: Ints
) -> tuple[Ints, Bools]:
    """Return the clusters of a graph under constraints, and which links are used.

    Links are replayed in the order of their rank; one that would break a limit, or bring two nodes
    together that are apart, is left out. Components that break nothing are taken as they are, so
    the replay costs time only where something is wrong: linear in the links.

    Args:
        ends: the two ends of each link.
        rank: (links,) the place of each link in the replay, 0 first.
        last_us: (nodes,) when each node was seen last, for limits with a window.
        limits: which nodes may not come together in number.
        apart: (k, 2) pairs of nodes that must not come together.

    Returns:
        (nodes,) the smallest node of each node's cluster, and (links,) whether it is used.

    >>> ends = np.array([0, 1]), np.array([1, 2])
    >>> logins = Limit(np.array([True, False, True]), 1)
    >>> label, used = merged(ends, np.array([1, 0]), np.zeros(3, np.int64), [logins], np.zeros((0, 2), int))
    >>> label.tolist(), used.tolist()
    ([0, 1, 1], [False, True])
    """
    left, right = ends
    count = len(last_us)
    label = components(count, left, right)
    wrong = _broken(label, limits, apart)
    if not wrong.any():
        return label, np.ones(len(left), bool)
    used = ~wrong[label[left]]
    replayed = np.flatnonzero(~used)
    replayed = replayed[np.argsort(rank[replayed], kind="stable")]
    used[replayed] = _replay((left[replayed], right[replayed]), last_us, limits, apart)
    return components(count, left[used], right[used]), used


def _broken(label: Ints, limits: Sequence[Limit], apart: Ints) -> Bools:
    """Return (nodes,) whether the component whose smallest node it is breaks a constraint."""
    count = len(label)
    wrong = np.zeros(count, bool)
    for limit in limits:
        wrong |= np.bincount(label[limit.members], minlength=count) > limit.most
    if len(apart):
        same = label[apart[:, 0]] == label[apart[:, 1]]
        wrong[label[apart[same, 0]]] = True
    return wrong


def _replay(ends: tuple[Ints, Ints], last_us: Ints, limits: Sequence[Limit], apart: Ints) -> list[bool]:
    """Return which links hold, one after the other; the smaller cluster joins the larger."""
    nodes, coded = np.unique(np.concatenate(ends), return_inverse=True)
    left, right = coded[: len(ends[0])].tolist(), coded[len(ends[0]) :].tolist()
    clusters = [_Cluster(nodes=[i]) for i in range(len(nodes))]
    for number, limit in enumerate(limits):
        for node in np.flatnonzero(limit.members[nodes]).tolist():
            clusters[node].limited[number] = [int(last_us[nodes[node]])]
    for one, other in _inside(apart, nodes):
        clusters[one].foes.add(other)
        clusters[other].foes.add(one)
    parent = list(range(len(nodes)))
    used = []
    for a, b in zip(left, right, strict=True):
        one, other = _root(parent, a), _root(parent, b)
        fits = one == other or _may_join(clusters[one], clusters[other], limits)
        used.append(fits)
        if one != other and fits:
            if len(clusters[one].nodes) < len(clusters[other].nodes):
                one, other = other, one
            parent[other] = one
            _join(clusters[one], clusters[other])
    return used


def _inside(apart: Ints, nodes: Ints) -> list[tuple[int, int]]:
    """Return the pairs whose both ends are among the nodes, as places there."""
    if not len(apart):
        return []
    at = np.minimum(np.searchsorted(nodes, apart), len(nodes) - 1)
    held = (nodes[at] == apart).all(axis=1)
    return [(int(a), int(b)) for a, b in at[held]]


def _root(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _may_join(one: _Cluster, other: _Cluster, limits: Sequence[Limit]) -> bool:
    for number, times in other.limited.items():
        together = times + one.limited.get(number, [])
        limit = limits[number]
        if limit.window_us:
            newest = max(together)
            together = [t for t in together if t > newest - limit.window_us]
        if len(together) > limit.most:
            return False
    small, large = (one, other) if len(one.nodes) < len(other.nodes) else (other, one)
    return not large.foes or large.foes.isdisjoint(small.nodes)


def _join(one: _Cluster, other: _Cluster) -> None:
    for number, times in other.limited.items():
        kept = one.limited.setdefault(number, [])
        kept += times
    one.foes |= other.foes
    one.nodes += other.nodes
