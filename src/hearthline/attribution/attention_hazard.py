"""Attention hazard: each touch acts by what came before it, and instants attend to the touches in reach."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hearthline.attribution._cascade import Cascade, Pairs, cascade_of, pairs_of, passed
from hearthline.attribution._exposures import Kernels
from hearthline.attribution._frailty import Frailty, alike, variance_of
from hearthline.attribution._model import Model
from hearthline.attribution._network import factors_of
from hearthline.attribution._rhythm import Complexes, pace, phases
from hearthline.attribution._sequences import (
    Block,
    blocks_of,
    contexts,
    ends_of,
    in_order,
    moments_of,
)
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Floats, Journeys, concatenated

if TYPE_CHECKING:
    from hearthline.attribution._attention import Attention

_KERNELS = Kernels((6.0, 24.0, 72.0, 240.0))
_ROUNDS, _MORE, _TURNS = 80, 25, 2


@dataclass(frozen=True, slots=True)
class Gathered:
    """Additive statistics of journeys.

    Attributes:
        journeys: as they are: what came before a touch is not summed up.
        weight: (n,) how often each counts.
        exposure: as of the additive hazard, for the daily rhythm.
        phase: the same.
        pairs: counts of touches that follow each other, for the cascade.
    """

    journeys: Journeys
    weight: Floats
    exposure: Complexes
    phase: Complexes
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Learned:
    """The weights, (features,) how the daily rhythm weighs loads, homes' factors, and what leads to what."""

    net: "Attention"
    rhythm: Floats
    frailty: Frailty
    cascade: Cascade


@dataclass(frozen=True)
class AttentionHazard:
    """The rate of buying is attention over the touches in reach, each of which attends to those before it.

    So an effect may depend on the order of touches: a search may work only after a display (`_attention`).
    Context is the stratum, the home's own factor as of the additive hazard (`_frailty`), and whether an
    enrolment goes on. A touch's share is its integrated gradient (Sundararajan, Taly & Yan 2017) from no
    touch to all touches, over the rate: of its own acting, and of what it lends to touches after it. No
    weight is negative, so no share is. Rhythm and cascade are those of the additive hazard. Needs JAX:
    `pip install 'hearthline[neural]'`.

    >>> from hearthline.schema.journey import journeys_of
    >>> j = journeys_of([(0,), (0, 1), (1,), ()], converted=[True, True, False, False])
    >>> fit = AttentionHazard().solve(AttentionHazard().gather(j))
    >>> bool((AttentionHazard().credit(j, fit) <= 1.0).all())
    True
    """

    name: ClassVar[str] = "attention_hazard"
    title: ClassVar[str] = "Attention hazard"
    paper: ClassVar[str] = (
        "Vaswani et al. (2017), Advances in Neural Information Processing Systems 30, arXiv:1706.03762; "
        "Sundararajan, Taly & Yan (2017), Proceedings of Machine Learning Research 70, arXiv:1703.01365"
    )
    rule: ClassVar[bool] = False
    full: ClassVar[bool] = False
    reaches: ClassVar[bool] = True
    asked: ClassVar[bool] = True
    needs: ClassVar[tuple[str, str]] = ("jax", "neural")

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Gathered:
        """Return the journeys, and what rhythm and cascade are read from."""
        each = np.ones(journeys.n) if weight is None else weight
        seen = (_KERNELS.exposure(journeys, each), phases(journeys, each), pairs_of(journeys, each))
        return Gathered(journeys, each, *seen)

    def merge(self, left: Gathered, right: Gathered) -> Gathered:
        """Return the statistics of both."""
        return Gathered(
            concatenated([left.journeys, right.journeys]),
            np.concatenate([left.weight, right.weight]),
            left.exposure + right.exposure,
            left.phase + right.phase,
            left.pairs + right.pairs,
        )

    def solve(self, statistics: Gathered) -> Learned | None:
        """Return what was learned; None where nothing converted."""
        from hearthline.attribution import _attention  # noqa: PLC0415 # an extra

        journeys = statistics.journeys
        if not statistics.weight @ journeys.converted > 0.0:
            return None
        rhythm = pace(statistics.exposure, statistics.phase, len(_KERNELS))
        padded = -(-journeys.channels // 4) * 4
        order, told, weight = in_order(journeys, statistics.weight, statistics.exposure.real, padded)
        paced = np.ones((padded, len(_KERNELS)))
        paced[: journeys.channels] = rhythm.reshape(-1, len(_KERNELS))[order]
        blocks = list(blocks_of(told, moments_of(told, weight), _KERNELS, paced.ravel()))
        hours = max(float(sum(b.hours.sum() for b in blocks)), 1e-9)
        load = sum(np.einsum("jr,jrf->f", b.hours, b.summed + b.late) for b in blocks) / hours
        base = float(sum(b.bought.sum() for b in blocks)) / hours
        strata = -(-journeys.strata_h.shape[1] // 8) * 8
        net, frailty = _alternated(_attention.start(strata, base, load, padded), blocks, told)
        at = np.argsort(order)
        layers = net.layers | {name: net.layers[name][at] for name in ("touch", "after")}
        layers["key"] = net.layers["key"][at][:, at]
        found = replace(net, layers=layers)
        return Learned(found, rhythm, frailty, cascade_of(statistics.pairs))

    def solve_beside(self, statistics: Gathered, other: Learned | None) -> Learned | None:  # noqa: ARG002
        """Return what was learned from these alone: nothing is taken from another fit."""
        return self.solve(statistics)

    def credit(self, journeys: Journeys, parameters: Learned | None) -> Floats:
        """Return (m,) shares: each touch's integrated gradient over the rate, part of it passed back."""
        from hearthline.attribution import _attention  # noqa: PLC0415 # an extra

        m = len(journeys.channel)
        share, whole, own = np.zeros(m), np.ones(journeys.n), np.ones(journeys.n)
        if parameters is None or not journeys.converted.any() or not m:
            return share
        view = journeys.gap_h <= journeys.lookback_h[journeys.channel]
        seen, child, parent, load = contexts(journeys, view)
        lent = np.zeros((m, seen.shape[1]))
        for block in blocks_of(journeys, ends_of(journeys), _KERNELS, parameters.rhythm):
            factor, acts = parameters.frailty.of(journeys.unit[block.journey]), block.touch >= 0
            part = _attention.parts(parameters.net, block, factor)[:, 0]
            there = block.moment[:, 0] >= 0
            row = block.journey[there]
            whole[row], own[row] = part[there].sum(axis=-1), part[there, 0]
            came = np.zeros(block.context.shape)
            came[acts] = seen[block.touch[acts]].toarray()
            slopes = _attention.gradients(parameters.net, block, came, factor)
            share[block.touch[acts]], lent[block.touch[acts]] = slopes[0][acts], slopes[1][acts]
        column = journeys.channel[parent][:, None] * load.shape[1] + np.arange(load.shape[1])
        share += sums_by(parent, (lent[child[:, None], column] * load).sum(axis=1), m)
        total = journeys.sum_by_journey(share)
        ratio = np.divide(whole - own, total, out=np.zeros_like(total), where=total > 0.0) / whole
        share *= np.where(journeys.converted, ratio, 0.0)[journeys.row]
        return product(passed(journeys, parameters.cascade), share)

    def refits(self, journeys: Journeys, weights: Floats, point: Learned | None) -> list[Learned | None]:
        """Return the fits to reweighted journeys: attention is held, how much heads add is found anew.

        Args:
            journeys: those that the network was trained on.
            weights: (n, b) weights of the journeys.
            point: what was learned from the unweighted ones.
        """
        from hearthline.attribution import _attention  # noqa: PLC0415 # an extra

        if point is None:
            return [None] * weights.shape[1]
        moments = moments_of(journeys, np.ones(journeys.n))
        part = np.zeros((len(moments.journey), 1 + len(point.net.layers["size"])))
        for block in blocks_of(journeys, moments, _KERNELS, point.rhythm):
            factor, there = point.frailty.of(journeys.unit[block.journey]), block.moment >= 0
            part[block.moment[there]] = _attention.parts(point.net, block, factor)[there]
        found: list[Learned | None] = []
        for column in weights.T:
            times = column[moments.journey]
            hours = point.net.base * moments.hours * times
            factor = factors_of(part, moments.bought * times, hours)
            more = float(np.log(factor[0]))
            old = point.net.layers
            layers = old | {"home": old["home"] + more}
            layers["size"] = old["size"] * factor[1:] * np.exp(-more * old["power"])
            found.append(replace(point, net=replace(point.net, layers=layers)))
        return found


def _alternated(net: "Attention", blocks: list[Block], journeys: Journeys) -> tuple["Attention", Frailty]:
    """Return weights, and homes' factors where homes differ beyond chance; each given the other in turn."""
    from hearthline.attribution import _attention  # noqa: PLC0415 # an extra

    unit, at = np.unique(journeys.unit, return_inverse=True)
    frailty, variance = alike(), 0.0
    for turn in range(1 + _TURNS):
        factors = [frailty.of(journeys.unit[b.journey]) for b in blocks]
        net = _attention.trained(net, blocks, factors, _MORE if turn else _ROUNDS)
        sums = np.zeros((3, len(unit)))
        for block, factor in zip(blocks, factors, strict=True):
            part = _attention.parts(net, block, factor)
            own = part[..., 0] / part.sum(axis=-1)
            expected = net.base * block.hours * part[..., 0] / factor[:, None]
            for which, value in enumerate((block.bought * own, block.bought * own**2, expected)):
                sums[which] += sums_by(at[block.journey], value.sum(axis=1), len(unit))
        variance = variance if turn else variance_of(*sums)
        if not variance:
            break
        frailty = Frailty(unit, (1.0 + variance * sums[0]) / (1.0 + variance * sums[2]))
    return net, frailty


MODEL: Model = AttentionHazard()
