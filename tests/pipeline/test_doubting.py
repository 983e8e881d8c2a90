"""Doubt about who is who, carried from links into the intervals of credit."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from hearthline.api import Home
from hearthline.identity import Doubt
from hearthline.pipeline.core import Core
from hearthline.pipeline.credit import credit as credit_all
from hearthline.pipeline.doubting import DRAWS, Doubted, doubted
from hearthline.schema.event import Identifier
from tests.pipeline.conftest import Story, who

Answered = Callable[..., Home]
_SHARES = "SELECT * FROM shares ORDER BY ALL"


def device(name: str) -> tuple[Identifier, ...]:
    return (Identifier(namespace="device", value=name),)


def town(homes: int = 24, named: int = 1) -> Story:
    """Homes that order after what their phone showed, and after an ad on a TV that named them a few times."""
    story = Story()
    for number in range(homes):
        name, tv = f"h{number}", device(f"tv{number}")
        for day in range(4):
            story.touch(day, home=name, channel="mail")
            story.touch(day + 0.5, channel="tv", identifiers=tv)
        for day in range(named):
            story.touch(4 + 0.1 * day, channel="tv", identifiers=(*who(name), *tv))
        story.order(5, home=name, number=f"o{number}")
        story.enrol(6, home=name, ref=f"r{number}")
        story.machine(9, home=name, ref=f"r{number}", number=f"m{number}")
    return story


def settings(**chosen: Any) -> str:
    told = {"models": ["linear", "additive_hazard"], "replicates": 40, "identity_doubt": True, **chosen}
    written = [
        f"{name} = {str(value).lower() if isinstance(value, bool) else value}" for name, value in told.items()
    ]
    return "\n".join(w for w in written if not w.startswith("replicates"))


def width(home: Home, channel: str, model: str = "linear") -> tuple[float, float, float]:
    (row,) = home.sql(
        "SELECT CAST(amount AS DOUBLE) AS amount, CAST(low AS DOUBLE) AS low, CAST(high AS DOUBLE) AS high "
        f"FROM shares WHERE model = '{model}' AND kind = 'all' AND channel = '{channel}'"
    ).to_pylist()
    return row["amount"], row["low"], row["high"]


@pytest.fixture
def wide(answered: Answered, monkeypatch: pytest.MonkeyPatch) -> Answered:
    """Let a story be answered with forty replicates."""
    from tests.pipeline import conftest

    def live(folder: Any, events: Any, told: str = "") -> Home:
        home = plain(folder, events, told)
        path = folder / "hearthline.toml"
        path.write_text(path.read_text().replace("replicates = 2\n", "replicates = 40\n"))
        return home

    plain = conftest.live_in
    monkeypatch.setattr(conftest, "live_in", live)
    return answered


def test_what_hangs_on_a_link_seen_once_may_be_lost_and_the_amount_stays(wide: Answered) -> None:
    off, on = (wide(town(), settings(identity_doubt=doubt)) for doubt in (False, True))
    for model in ("linear", "additive_hazard"):
        before, after = width(off, "tv", model), width(on, "tv", model)
        assert after[0] == before[0]
        assert after[1] < before[1] - 0.1 * before[0]
    # more of the orders is then the mail's, or nobody's
    assert width(on, "mail")[2] > width(off, "mail")[2]


def test_where_many_homes_are_in_doubt_a_sample_of_them_is_drawn(
    wide: Answered, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes: list[int] = []
    plain = Doubted.cores

    def watched(self: Doubted, core: Core, seed: int) -> Iterator[Core]:
        homes.append(len(self.units))
        return plain(self, core, seed)

    monkeypatch.setattr(Doubted, "cores", watched)
    whole = width(wide(town(homes=60), settings()), "tv")
    monkeypatch.setattr("hearthline.pipeline.credit.bands.MOST_DOUBTED", 30)
    sample = width(wide(town(homes=60), settings()), "tv")
    assert homes[0] == 60
    assert 15 < homes[1] < 45
    assert sample[0] == whole[0]
    assert sample[0] - sample[1] == pytest.approx(whole[0] - whole[1], rel=0.6)


def test_surer_links_are_doubted_less_and_one_without_doubt_changes_no_bit(wide: Answered) -> None:
    once, often = (wide(town(named=named), settings()) for named in (1, 60))
    lost = [(amount - low) / amount for amount, low, _ in (width(once, "tv"), width(often, "tv"))]
    assert lost[0] > lost[1] + 0.1
    off = wide(town(named=60), settings(identity_doubt=False))
    assert off.sql(_SHARES) == often.sql(_SHARES)


@pytest.mark.parametrize("unit", ["household", "person"])
def test_a_draw_in_which_every_link_holds_is_the_core(
    wide: Answered, monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    seen = []

    def watched(core: Core, keep: Any, progress: Any) -> None:
        open_ = doubted(core)
        assert open_ is not None
        for table in ("timelines", "orders", "homed_enrolments"):
            wanted = core.engine.table(f"SELECT * FROM {table} ORDER BY ALL").to_pylist()
            for drawn in open_.cores(core, seed=1):
                assert drawn.engine.table(f"SELECT * FROM {table} ORDER BY ALL").to_pylist() == wanted
                seen.append(table)
        credit_all(core, keep, progress)

    with monkeypatch.context() as changed:
        changed.setattr(Doubt, "held", lambda self, draws, _: np.ones((len(self.sure), draws), bool))
        changed.setattr(import_module("hearthline.pipeline.run"), "credit", watched)
        drawn = wide(town(homes=12), settings() + f'\n[journeys]\nunit = "{unit}"')
    assert len(seen) == 3 * DRAWS
    plain = wide(town(homes=12), settings(identity_doubt=False) + f'\n[journeys]\nunit = "{unit}"')
    rows = [home.sql(_SHARES).to_pylist() for home in (drawn, plain)]
    for one, other in zip(*rows, strict=True):
        for end in ("share", "share_low", "share_high"):
            assert one[end] == pytest.approx(other[end], abs=1e-3)


def test_machine_placed_orders_follow_their_enrolment_in_every_draw(
    wide: Answered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Doubt, "held", lambda self, draws, _: np.zeros((len(self.sure), draws), bool))
    home = wide(town(), settings())
    rows = home.sql(
        "SELECT kind, share, share_low FROM shares WHERE model = 'linear' AND channel = 'tv' AND kind <> 'subscription'"
    ).to_pylist()
    # of nine touches before the enrolment four are the mail's and one names the home, whatever becomes of the TV
    assert {r["kind"] for r in rows} == {"person", "machine", "all"}
    for row in rows:
        assert row["share"] == pytest.approx(5 / 9, abs=0.01)
        assert row["share_low"] == pytest.approx(1 / 5, abs=0.02)
