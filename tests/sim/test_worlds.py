import numpy as np

from hearthline.sim import load, worlds
from hearthline.sim.channels import NAMES, index
from hearthline.sim.life import block_of, live
from hearthline.sim.worlds import World

N = 3


def response(world: World, channel: str, ages: int, urge: float = 1.0) -> np.ndarray:
    """Return what one touch adds to the ordering rate, on the day itself and on later days."""
    touch = np.zeros((len(NAMES), N), dtype=bool)
    memory = world.blank(N)
    ease = np.full(N, urge, dtype=np.float32)
    calm = world.order_rate(ease, memory)[0]
    touch[index(channel)] = True
    out = []
    for _ in range(ages):
        memory = world.remember(memory, touch)
        out.append(world.order_rate(ease, memory)[0] - calm)
        touch[:] = False
    return np.array(out)


def test_additive_effects_fade_exponentially_and_ignore_the_urge() -> None:
    world = load("additive")
    curve = response(world, "search-ads", 8)
    assert np.allclose(curve[1:] / curve[:-1], 0.65, rtol=1e-3)
    assert np.allclose(curve, response(world, "search-ads", 8, urge=3.0), atol=1e-6)


def test_additive_effects_of_two_channels_sum() -> None:
    world = load("additive")
    both = np.zeros((len(NAMES), N), dtype=bool)
    both[[index("smart-tv"), index("voice-search")]] = True
    one = np.ones(N, dtype=np.float32)
    rate = world.order_rate(one, world.remember(world.blank(N), both))[0]
    calm = world.order_rate(one, world.blank(N))[0]
    alone = sum(response(world, name, 1)[0] for name in ("smart-tv", "voice-search"))
    assert np.isclose(rate - calm, alone, rtol=1e-4)


def test_multiplicative_effects_rise_before_they_fall() -> None:
    curve = response(load("multiplicative"), "smart-tv", 30)
    peak = int(curve.argmax())
    assert 1 <= peak <= 6
    assert (np.diff(curve[: peak + 1]) > 0).all()
    assert (np.diff(curve[peak:]) < 0).all()


def test_multiplicative_effects_scale_with_the_urge() -> None:
    world = load("multiplicative")
    calm, pressing = (response(world, "search-ads", 5, urge) for urge in (1.0, 2.5))
    assert np.allclose(pressing, 2.5 * calm, rtol=1e-4)


def test_multiplicative_effects_saturate() -> None:
    world = load("multiplicative")
    touch = np.zeros((len(NAMES), N), dtype=bool)
    touch[index("voice-search")] = True
    memory, one = world.blank(N), np.ones(N, dtype=np.float32)
    rates = [world.order_rate(one, memory := world.remember(memory, touch))[0] for _ in range(40)]
    assert rates[-1] / world.order_rate(one, world.blank(N))[0] < np.exp(1.0)
    assert rates[-1] - rates[-2] < 0.01 * rates[-1]


def test_null_channels_have_no_effect_on_any_rate() -> None:
    for name in worlds():
        assert (response(load(name), "wearable", 10) == 0).all()


def touches_of(world: World) -> tuple[float, float, float]:
    """Return touches a day, how far they lean to homes that like the brand, and retargeting for each search."""
    block = block_of(3, 0, 600, 40)
    met = sum(day.touches.astype(np.int64) for day in live(block, world))
    seen = met[index("smart-tv")][block.homes.owns["tv"]]
    liked = block.homes.affinity[block.homes.owns["tv"]] > 0
    lean = seen[liked].mean() / seen[~liked].mean()
    return met.sum() / 40, lean, met[index("retargeting")].sum() / met[index("search-ads")].sum()


def test_a_confounded_world_seeks_out_who_likes_the_brand() -> None:
    assert touches_of(load("confounded"))[1] > 1.8 * touches_of(load("additive"))[1]


def test_a_mediated_world_has_touches_lead_to_touches() -> None:
    assert touches_of(load("mediated"))[2] > 1.3 * touches_of(load("multiplicative"))[2]


def test_a_denser_world_has_more_touches_of_the_same_kind() -> None:
    usual, dense = load("additive"), load("additive").with_density(2.0)
    assert 1.7 < touches_of(dense)[0] / touches_of(usual)[0] < 2.6
    assert (response(dense, "smart-tv", 5) == response(usual, "smart-tv", 5)).all()
