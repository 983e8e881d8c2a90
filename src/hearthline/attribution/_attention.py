"""Attention over a home's touches, in JAX: on its default device, so on a GPU where JAX finds one.

Two layers look back. Each touch attends to touches of other channels in the week before it, beside a null
key: with

    A_i = sum over earlier touches j of sum_q kappa[c_i, c_j, q] exp(-lag / tau_q)

`alpha_i = A_i / (1 + A_i)` is the weight that does not fall on the null key. Each instant attends to the
touches in reach, in heads whose decay is a learned mixture of exponentials; heads of the first kind see
touches as such, the others in context:

    S_h  = sum over touches i of sum_k w exp(-age_i / tau_k),   w = theta[c_i, k, h] or alpha_i eta[c_i, k, h]
    rate = base (exp(a) + sum_h v_h F_h(S_h) exp(g_h a)),   F(S) = S or S / (1 + S)

In context `F` is `S` and `g` is 0. `S / (1 + S)` is once more attention beside a null key; `a` is learned for
each stratum, and the logarithm of a home's own factor is added to it. All weights but `a` are at least 0, so
no touch lowers the rate. A touch gives no context to its own channel: one that repeats itself as need grows
would seem to do more. `v` is 1 but in replicates.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from hearthline.attribution._sequences import CONTEXT, Block
from hearthline.schema.journey import Floats

__all__ = ["Attention", "gradients", "on_device", "parts", "start", "trained"]

_PLAIN, _HEADS, _AFTER = 3, 8, 2
_KERNELS = 4
_CALM_AFTER = 3.0
_NODES, _WEIGHTS = (x / 2.0 for x in np.polynomial.legendre.leggauss(8))
_NODES = _NODES + 0.5

Layers = Mapping[str, jax.Array]


@dataclass(frozen=True, slots=True)
class Attention:
    """The weights.

    Attributes:
        base: conversions an hour that rates are relative to.
        layers: by name: `home` (strata,) is `a`; `touch` and `after` (channels, kernels, heads of that kind)
            are theta and eta; `key` (channels, channels of earlier touches, kernels of `CONTEXT`) is kappa;
            `power` and `size` (heads,) are g and v; `held` (1,) is what touches do during an enrolment.
    """

    base: float
    layers: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class _Layer:
    """Where a layer starts, its limits, what it leans to and how much."""

    start: Floats
    high: Floats | float
    low: float = 0.0
    to: float = 0.0
    calm: float = 0.05


def _layers(strata: int, channels: int) -> dict[str, _Layer]:
    head, kernel = np.arange(_HEADS), np.arange(_KERNELS)[:, None]
    ramp = np.tile(0.4 + 0.3 * np.cos(1.0 + 2.1 * head + 1.3 * kernel), (channels, 1, 1))
    alone = (head < _HEADS - _AFTER).astype(np.float64)  # those in context never multiply
    others = np.repeat(1.0 - np.eye(channels)[:, :, None], len(CONTEXT), axis=2)
    return {
        "home": _Layer(np.zeros(strata), 6.0, low=-6.0, calm=1.0),
        "touch": _Layer(ramp[..., :-_AFTER], 50.0),
        "after": _Layer(0.3 * ramp[..., -_AFTER:], 50.0, calm=_CALM_AFTER),
        "key": _Layer(0.2 * others, 50.0 * others, calm=_CALM_AFTER),
        "power": _Layer(np.resize((0.0, 0.5, 1.0), _HEADS) * alone, alone),
        "size": _Layer(np.ones(_HEADS), 1.0, low=1.0),
        "held": _Layer(np.ones(1), 1.0, to=1.0, calm=1.0),
    }


def start(strata: int, base: float, load: Floats, channels: int) -> Attention:
    """Return the weights to start from: channels alike, heads and kernels not; nothing is drawn at random.

    Args:
        strata: how many there are.
        base: conversions an hour.
        load: (channels * kernels,) mean loads in the time watched: touches start with half of the rate.
        channels: how many there are.
    """
    layers = {name: layer.start for name, layer in _layers(strata, channels).items()}
    size = 0.5 / max(float((layers["touch"].sum(axis=-1).ravel() * load).sum()), 0.5)
    return Attention(base, layers | {name: size * layers[name] for name in ("touch", "after")})


Ways = tuple[jax.Array, jax.Array, jax.Array]
"""(j, r, c * k) loads of touches by themselves, (j, l) whether they act in context, and their contexts."""


def _parts(net: Layers, block: Layers, factor: jax.Array, ways: Ways) -> jax.Array:
    """Return (j, r, 1 + heads): the baseline, and what each head adds, relative to `base`."""
    summed, acts, context = ways
    j, length, channels = block["channel"].shape
    met = jnp.sum(block["channel"] * (context @ net["key"].reshape(channels, -1).T), axis=-1)
    after = block["channel"] @ net["after"].reshape(channels, -1)
    token = (acts * met / (1.0 + met))[:, :, None] * after
    alone = (summed + block["late"]) @ net["touch"].reshape(-1, _HEADS - _AFTER)
    following = block["load"] @ token.reshape(j, length * _KERNELS, _AFTER)
    acting = jnp.where(block["held"] > 0.0, net["held"], 1.0)[:, None, None]
    read, then = acting * alone, acting * following
    home = net["home"][block["stratum"]] + jnp.log(factor)[:, None]
    answer = jnp.concatenate(
        [read[..., :_PLAIN], read[..., _PLAIN:] / (1.0 + read[..., _PLAIN:]), then], axis=-1
    )
    added = net["size"] * answer * jnp.exp(home[..., None] * net["power"])
    return jnp.concatenate([jnp.exp(home)[..., None], added], axis=-1)


@jax.jit
def _whole(net: Layers, block: Layers, factor: jax.Array) -> jax.Array:
    return _parts(net, block, factor, (block["summed"], block["channel"].sum(axis=-1), block["context"]))


@jax.jit
@partial(jax.value_and_grad, argnums=0)
def _untold(net: Layers, base: float, block: Layers, factor: jax.Array) -> jax.Array:
    """Return the negative log-likelihood of a block's journeys."""
    rate = _whole(net, block, factor).sum(axis=-1)
    return jnp.sum(base * block["hours"] * rate - block["bought"] * jnp.log(rate))


@jax.jit
def _slopes(net: Layers, block: Layers, seen: jax.Array, factor: jax.Array) -> Ways:
    """Return the integrals over the path of the slopes by what touches do, in each of their ways."""
    full = (block["summed"], block["channel"].sum(axis=-1), seen)

    def rate(ways: Ways) -> jax.Array:
        summed, acts, view = ways
        return _parts(net, block, factor, (summed, acts, block["context"] - seen + view)).sum()

    def step(sums: Ways, node: jax.Array) -> tuple[Ways, None]:
        found = jax.grad(rate)(jax.tree.map(lambda way: node[0] * way, full))
        return jax.tree.map(lambda s, f: s + node[1] * f, sums, found), None

    nodes = jnp.stack([jnp.asarray(_NODES), jnp.asarray(_WEIGHTS)], axis=1)
    sums: Ways = jax.lax.scan(step, jax.tree.map(jnp.zeros_like, full), nodes)[0]
    return sums


def _sent(block: Block) -> dict[str, jax.Array]:
    names = ("channel", "held", "context", "load", "summed", "late", "stratum", "hours", "bought")
    return {name: jnp.asarray(getattr(block, name)) for name in names}


def parts(net: Attention, block: Block, factor: Floats) -> Floats:
    """Return (j, r, 1 + heads): baselines and what each head adds at a block's instants, relative to `base`.

    Args:
        net: the weights.
        block: whose instants.
        factor: (j,) the homes' own factors of the baseline.
    """
    with _double():
        return np.asarray(_whole(on_device(net), _sent(block), jnp.asarray(factor)))


def gradients(net: Attention, block: Block, seen: Floats, factor: Floats) -> tuple[Floats, Floats]:
    """Return (j, l) integrated gradients of touches of themselves, and (j, l, c * q) by what came before.

    The path is from no touch to all touches; the integral is a Gauss-Legendre sum over eight points.

    Args:
        net: the weights.
        block: journeys that converted, at their ends.
        seen: (j, l, c * q) the part of `block.context` that comes and goes along the path.
        factor: (j,) the homes' own factors of the baseline.
    """
    with _double():
        found = _slopes(on_device(net), _sent(block), jnp.asarray(seen), jnp.asarray(factor))
    alone, following, before = (np.asarray(way) for way in found)
    j, length, channels = block.channel.shape
    each = np.einsum("jlc,jck->jlk", block.channel, alone[:, 0].reshape(j, channels, _KERNELS))
    own = (each * block.load[:, 0].reshape(j, length, _KERNELS)).sum(axis=-1)
    return own + following * block.channel.sum(axis=-1), before


def trained(net: Attention, blocks: Sequence[Block], factors: Sequence[Floats], rounds: int) -> Attention:
    """Return the weights of maximum penalised likelihood, from these on, by L-BFGS over all journeys at once.

    Args:
        net: weights to start from.
        blocks: all journeys, with at least one conversion.
        factors: for each block, (j,) the homes' own factors.
        rounds: steps at most.
    """
    strata, channels = len(net.layers["home"]), len(net.layers["key"])
    layers = _layers(strata, channels)
    shapes = [layer.start.shape for layer in layers.values()]
    ends = np.cumsum([layer.start.size for layer in layers.values()])[:-1]
    to, calm, low, high = (
        np.concatenate([np.broadcast_to(getattr(x, name), x.start.shape).ravel() for x in layers.values()])
        for name in ("to", "calm", "low", "high")
    )
    count = float(sum(b.bought.sum() for b in blocks))

    def layered(point: Floats) -> dict[str, Floats]:
        flat = zip(layers, np.split(point, ends), shapes, strict=True)
        return {name: part.reshape(shape) for name, part, shape in flat}

    with _double():
        sent = [(_sent(b), jnp.asarray(f)) for b, f in zip(blocks, factors, strict=True)]

        def loss(point: Floats) -> tuple[float, Floats]:
            known = {name: jnp.asarray(part) for name, part in layered(point).items()}
            told = [_untold(known, net.base, block, factor) for block, factor in sent]
            slope = sum(np.concatenate([np.ravel(s[name]) for name in layers]) for _, s in told)
            whole = sum(float(value) for value, _ in told) + float(calm @ (point - to) ** 2)
            return whole / count, (slope + 2.0 * calm * (point - to)) / count

        point = np.concatenate([net.layers[name].ravel() for name in layers])
        bounds = list(zip(low, high, strict=True))
        found, _, _ = fmin_l_bfgs_b(loss, point, bounds=bounds, maxiter=rounds, factr=1e8, pgtol=1e-6)
    return Attention(net.base, layered(np.asarray(found)))


def _double() -> AbstractContextManager[None]:
    double: AbstractContextManager[None] = jax.enable_x64(True)  # noqa: FBT003 # as JAX has it
    return double


def on_device(net: Attention) -> dict[str, jax.Array]:
    """Return the layers where JAX computes by itself."""
    return {name: jnp.asarray(layer) for name, layer in net.layers.items()}
