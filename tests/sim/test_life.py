import numpy as np
import pytest

from hearthline.schema.errors import UnknownName
from hearthline.sim import Habits, load, simulate, worlds
from hearthline.sim.channels import CHANNELS, NAMES, index
from hearthline.sim.life import ALL_ON, Block, Day, block_of, live

SIZE, DAYS = 600, 90


@pytest.fixture(scope="module", params=worlds())
def days(request: pytest.FixtureRequest) -> tuple[Block, list[Day]]:
    block = block_of(4, 0, SIZE, DAYS)
    return block, list(live(block, load(request.param)))


def without(*names: str) -> np.ndarray:
    on = ALL_ON.copy()
    on[[index(name) for name in names]] = False
    return on


def test_switching_a_channel_off_leaves_what_does_not_follow_from_it() -> None:
    block, world = block_of(4, 0, SIZE, 40), load("additive")
    before, after = list(live(block, world)), list(live(block, world, without("home-display")))
    display = index("home-display")
    assert any(day.touches[display].any() for day in before)
    assert not any(day.touches[display].any() for day in after)
    # a home that has no display cannot notice, in anything
    blind = ~block.homes.owns["display"]
    for a, b in zip(before, after, strict=True):
        assert (a.touches[:, blind] == b.touches[:, blind]).all()
        assert (a.person[blind] == b.person[blind]).all()
        assert (a.machine[blind] == b.machine[blind]).all()
        assert (a.stock[blind] == b.stock[blind]).all()


def test_the_null_channel_changes_nothing_at_all() -> None:
    for name in worlds():
        block, world = block_of(9, 1, SIZE, DAYS), load(name)
        wearable = index("wearable")
        for a, b in zip(live(block, world), live(block, world, without("wearable")), strict=True):
            others = np.arange(len(NAMES)) != wearable
            assert (a.touches[others] == b.touches[others]).all()
            assert (a.person == b.person).all()
            assert (a.machine == b.machine).all()
            assert (a.enrolled == b.enrolled).all()


def test_media_lead_to_searches_and_searches_to_retargeting() -> None:
    block, world = block_of(4, 0, 2000, DAYS), load("additive")

    def touches(on: np.ndarray) -> np.ndarray:
        return sum(day.touches.sum(axis=1) for day in live(block, world, on))

    full = touches(ALL_ON)
    silent = touches(without("smart-tv", "home-display"))
    assert silent[index("search-ads")] < 0.9 * full[index("search-ads")]
    assert silent[index("voice-search")] < 0.95 * full[index("voice-search")]
    assert touches(without("search-ads"))[index("retargeting")] < 0.8 * full[index("retargeting")]


def test_alerts_follow_need(days: tuple[Block, list[Day]]) -> None:
    block, lived = days
    alert, owns = index("sensor-alert"), block.homes.owns["appliance"]
    low = np.concatenate([day.touches[alert, owns & (day.stock < 0.2)] for day in lived])
    full = np.concatenate([day.touches[alert, owns & (day.stock > 0.8)] for day in lived])
    assert low.mean() > 10 * full.mean()


def test_targeting_follows_affinity(days: tuple[Block, list[Day]]) -> None:
    block, lived = days
    keen = block.homes.affinity > 0.7
    cold = block.homes.affinity < -0.7
    tv = sum(day.touches[index("smart-tv")].astype(int) for day in lived)
    owns = block.homes.owns["tv"]
    assert tv[keen & owns].mean() > 1.5 * tv[cold & owns].mean()


def test_only_homes_with_the_device_meet_a_channel(days: tuple[Block, list[Day]]) -> None:
    block, lived = days
    for i, channel in enumerate(CHANNELS):
        assert not any(day.touches[i, ~block.homes.owns[channel.device]].any() for day in lived)


def test_a_machine_orders_only_for_a_home_that_enrolled_before(days: tuple[Block, list[Day]]) -> None:
    enrolled = np.full(SIZE, -1)
    for day in days[1]:
        assert (enrolled[day.machine] >= 0).all()
        assert (enrolled[day.machine] < day.day).all()
        assert (day.since[day.machine] == enrolled[day.machine]).all()
        enrolled[day.enrolled > 0] = day.day
        enrolled[day.ended] = -1


def test_cycles_count_from_one_for_each_enrolment() -> None:
    story = simulate("multiplicative", 1500, 120, seed=2)
    seen: dict[str, list[int]] = {}
    for row in story.orders.sort_by("time").to_pylist():
        if row["enrolment"]:
            seen.setdefault(row["enrolment"], []).append(row["cycle"])
    assert len(seen) > 100
    assert all(cycles == list(range(1, len(cycles) + 1)) for cycles in seen.values())


def test_enrolled_homes_reorder_about_every_two_weeks(days: tuple[Block, list[Day]]) -> None:
    last, gaps = np.full(SIZE, -1), []
    for day in days[1]:
        again = day.machine & (last >= 0) & (day.cycle > 1)
        gaps += (day.day - last[again]).tolist()
        last[day.machine] = day.day
    assert len(gaps) > 100
    assert 11 < np.mean(gaps) < 18


def test_an_unknown_world_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownName, match="additive, confounded, mediated, multiplicative"):
        load("quadratic")


class Obedient:
    """A world in which a home orders on every day after it has met anything, and never before."""

    name = title = "obedient"
    habits = Habits()

    def with_density(self, _density: float) -> "Obedient":
        return self

    def blank(self, n: int) -> np.ndarray:
        return np.zeros(n, dtype=np.float32)

    def remember(self, memory: np.ndarray, touches: np.ndarray) -> np.ndarray:
        return memory + touches.sum(axis=0)

    def order_rate(self, urge: np.ndarray, memory: np.ndarray) -> np.ndarray:
        return np.where(memory > 0, np.float32(1e9), 0 * urge)

    def enrol_rate(self, urge: np.ndarray, memory: np.ndarray) -> np.ndarray:
        return 0 * urge * memory


def test_only_touches_before_the_hour_of_a_decision_act_on_it() -> None:
    block = block_of(4, 0, 2000, 2)
    today, tomorrow = live(block, Obedient())
    early = (today.touches & (block.hour[0] < block.order_hour[0])).any(axis=0)
    met = today.touches.any(axis=0)
    assert (today.person == early).all()
    assert (met & ~early).sum() > 50
    assert tomorrow.person[met].all()
