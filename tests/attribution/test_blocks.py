"""Statistics by block: a day, a late event, an erased household are cheap, and the fit is that of all."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from scipy import sparse

from hearthline.attribution import Blocks, block_of, load, names
from hearthline.schema.journey import Journeys, journeys_of

DAY_MS = 86_400_000
fitted = pytest.mark.parametrize("name", [n for n in names() if not load(n).rule])


def _town(homes: int = 200, days: int = 28) -> tuple[Journeys, np.ndarray]:
    """Return journeys of homes, the last of each open, and when each ended."""
    dice = np.random.default_rng(11)
    units, won, paths, end = [], [], [], []
    for home in range(homes):
        orders = np.sort(dice.integers(1, days, dice.poisson(2.0)))
        for day, bought in [*((d, True) for d in orders), (days, False)]:
            units.append(home)
            won.append(bought)
            end.append(int(day) * DAY_MS)
            paths.append(tuple(int(c) for c in dice.integers(0, 3, dice.poisson(1.5))))
    found = journeys_of(paths, converted=won, channels=3)
    return replace(found, unit=np.array(units)), np.array(end)


def _bytes(found: object) -> bytes:
    if is_dataclass(found):
        return b"".join(_bytes(getattr(found, f.name)) for f in fields(found))
    if sparse.issparse(found):
        return found.toarray().tobytes()
    if isinstance(found, np.ndarray):
        return found.tobytes()
    return repr(found).encode()


def _whole(name: str, journeys: Journeys, end: np.ndarray) -> bytes:
    blocks = Blocks(load(name))
    blocks.bring(journeys, block_of(journeys, end, buckets=16))
    return _bytes(blocks.total())


def _then(
    name: str, before: tuple[Journeys, np.ndarray], after: tuple[Journeys, np.ndarray]
) -> tuple[int, int]:
    """Return how many blocks were gathered anew, of how many; the statistics are those of a whole gather."""
    blocks = Blocks(load(name))
    blocks.bring(before[0], block_of(*before, buckets=16))
    anew = blocks.bring(after[0], block_of(*after, buckets=16))
    assert _bytes(blocks.total()) == _whole(name, *after)
    return anew, len(blocks.held)


@fitted
def test_a_late_touch_changes_the_block_of_its_journey_only(name: str) -> None:
    journeys, end = _town()
    late = int(np.flatnonzero(journeys.converted & (journeys.lengths > 0))[3])
    gap = journeys.gap_h.copy()
    gap[journeys.offsets[late]] += 2.0
    assert _then(name, (journeys, end), (replace(journeys, gap_h=gap), end))[0] == 1


@fitted
def test_an_erased_household_leaves_no_trace(name: str) -> None:
    journeys, end = _town()
    stay = np.flatnonzero(journeys.unit != 17)
    anew, all_ = _then(name, (journeys, end), (journeys.take(stay), end[stay]))
    assert 1 <= anew <= 5 < all_  # its bucket has an open block and one a week


@fitted
def test_a_new_day_leaves_what_ended_before(name: str) -> None:
    journeys, end = _town()
    week = end < 21 * DAY_MS
    older = np.flatnonzero(week & journeys.converted | ~journeys.converted)
    anew, all_ = _then(name, (journeys.take(older), end[older]), (journeys, end))
    assert anew <= 16 < all_  # the last week of each bucket


@fitted
def test_blocks_give_the_fit_to_all_journeys(name: str) -> None:
    model, (journeys, end) = load(name), _town()
    blocks = Blocks(model)
    blocks.bring(journeys, block_of(journeys, end, buckets=16))
    whole = model.credit(journeys, model.solve(model.gather(journeys)))
    assert model.credit(journeys, model.solve(blocks.total())) == pytest.approx(whole, abs=1e-9)


def test_the_order_of_journeys_between_households_leaves_no_trace() -> None:
    journeys, end = _town()
    order = np.argsort(-journeys.unit, kind="stable")
    blocks = Blocks(load("additive_hazard"))
    blocks.bring(journeys, block_of(journeys, end))
    assert blocks.bring(journeys, block_of(journeys, end)) == 0
    assert len(blocks.held) == len(np.unique(block_of(journeys.take(order), end[order])))


def test_nothing_brought_has_no_total() -> None:
    with pytest.raises(ValueError, match="bring some first"):
        Blocks(load("markov")).total()
