"""Colours are told apart by computation, under normal sight and the three full deficiencies."""

import re
from itertools import combinations

import numpy as np
import pytest

from hearthline.render.html import style
from hearthline.render.palette import DARK, DARK_GROUND, LIGHT, LIGHT_GROUND, assigned

# Machado, Oliveira and Fernandes (2009), severity 1.0, for linear RGB.
SIGHT = {
    "normal": np.eye(3),
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


def linear(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light):
    ratio = TO_XYZ @ light / (TO_XYZ @ np.ones(3))
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    dark, light = sorted(float(TO_XYZ[1] @ linear(c)) for c in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_all_colours_are_at_least_15_apart(colours, sight):
    seen = [lab(np.clip(np.array(SIGHT[sight]) @ linear(c), 0, 1)) for c in colours]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= 15


@pytest.mark.parametrize(
    ("colours", "ground"), [(LIGHT, LIGHT_GROUND), (DARK, DARK_GROUND)], ids=["light", "dark"]
)
def test_all_colours_stand_out_from_their_ground(colours, ground):
    assert min(contrast(c, ground) for c in colours) >= 3


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("#1b1f24", LIGHT_GROUND),
        ("#5b6470", LIGHT_GROUND),
        ("#8a4b00", LIGHT_GROUND),
        ("#1f5fbf", LIGHT_GROUND),
        ("#e8eaed", DARK_GROUND),
        ("#a2abb8", DARK_GROUND),
        ("#f0b35e", DARK_GROUND),
        ("#7fb0ff", DARK_GROUND),
    ],
)
def test_text_can_be_read(text, ground):
    assert text in style()
    assert contrast(text, ground) >= 4.5


def test_no_text_is_smaller_than_12_pixels():
    sizes = re.findall(r"(?:font-size: |font: (?:\d+ )?)([\d.]+)px", style())
    assert len(sizes) > 10
    assert min(map(float, sizes)) >= 12


def test_a_channel_keeps_its_colour_whatever_the_order():
    assert assigned(["web", "tv"]) == assigned(["tv", "web", "tv", "Other"])


def test_only_seven_have_a_colour_of_their_own():
    assert len(assigned(f"channel {i}" for i in range(20))) == 7
