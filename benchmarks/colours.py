"""How far apart colours are to eyes of four kinds, and from their ground."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

__all__ = ["least_contrast", "least_difference"]

# Machado, Oliveira and Fernandes (2009), severity 1, for linear RGB.
SIGHT: dict[str, Any] = {
    "normal sight": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)


def _linear(colour: str) -> Any:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _lab(light: Any) -> Any:
    ratio = TO_XYZ @ light / (TO_XYZ @ np.ones(3))
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def least_difference(colours: Sequence[str]) -> float:
    """Return the smallest CIE76 difference of two colours, under normal sight and three deficiencies."""
    found = []
    for sight in SIGHT.values():
        seen = [_lab(np.clip(np.array(sight) @ _linear(c), 0, 1)) for c in colours]
        found += [float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)]
    return min(found)


def least_contrast(colours: Sequence[str], ground: str) -> float:
    """Return the smallest contrast of a colour with its ground."""

    def ratio(colour: str) -> float:
        dark, light = sorted(float(TO_XYZ[1] @ _linear(c)) for c in (colour, ground))
        return (light + 0.05) / (dark + 0.05)

    return min(map(ratio, colours))
