"""What enrolments are expected to bring: the ends of its intervals."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from hearthline.pipeline.credit.lifetime import Lifetime

DRAWN = np.random.default_rng(1).gamma(2.0, 10.0, (19, 2))


def lifetime():
    """Return two enrolments with nineteen draws of what they bring."""
    known = SimpleNamespace(
        id=["a", "b"],
        unit=np.arange(2),
        housed=np.ones(2, np.bool_),
        time_ms=np.full(2, int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)),
        kind=pa.array(["replenishment", "subscription"]),
    )
    ahead = SimpleNamespace(
        on=[True, True], orders=np.ones(2), more=np.ones(2), money=DRAWN.mean(axis=0), drawn=DRAWN
    )
    found = Lifetime.__new__(Lifetime)
    found.book, found.ahead, found.booked = SimpleNamespace(enrolments=known), ahead, np.zeros(2, np.int64)
    return found


def test_the_next_of_nineteen_draws_lies_outside_all_of_them_one_time_in_ten():
    table = lifetime().table()
    for name, ends in (("low", DRAWN.min(axis=0)), ("high", DRAWN.max(axis=0))):
        assert np.allclose([float(v) for v in table[name].to_pylist()], ends, atol=1e-5)


def test_so_it_does_for_channels():
    both = (np.array([0, 1]), np.array([0, 0]), np.ones(2))
    table = lifetime().by_channel("linear", ["tv"], [both])
    assert float(table["low"][0].as_py()) == np.float64(DRAWN.sum(axis=1).min()).round(6)
    assert float(table["high"][0].as_py()) == np.float64(DRAWN.sum(axis=1).max()).round(6)
