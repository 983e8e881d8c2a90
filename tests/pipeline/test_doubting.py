"""Doubt about who is who, carried from links into the intervals of credit."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hearthline.api import Home
from hearthline.identity import Doubt
from hearthline.pipeline.actors.drawing import Shared
from hearthline.pipeline.core import Core
from hearthline.pipeline.credit import credit as credit_all
from hearthline.pipeline.doubting import DRAWS, Doubted, doubted
from hearthline.schema.event import Device, Hint, Identifier
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
        changed.setattr(Shared, "drawn", lambda self, *_: _nobody(self))
        changed.setattr(import_module("hearthline.pipeline.run"), "credit", watched)
        drawn = wide(town(homes=12), settings() + f'\n[journeys]\nunit = "{unit}"')
    assert len(seen) == 3 * DRAWS
    plain = wide(town(homes=12), settings(identity_doubt=False) + f'\n[journeys]\nunit = "{unit}"')
    rows = [home.sql(_SHARES).to_pylist() for home in (drawn, plain)]
    for one, other in zip(*rows, strict=True):
        for end in ("share", "share_low", "share_high"):
            assert one[end] == pytest.approx(other[end], abs=1e-3)


def _nobody(shared: Shared) -> pa.Table:
    """Return the sessions of a draw in which nobody known used anything."""
    return shared.sessions.slice(0, 0).append_column("person", pa.nulls(0, pa.int64()))


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


def flat(homes: int = 12) -> Story:
    """Homes of two who carry phones and order by them, with a speaker that both speak to and that says its piece."""
    story = Story()
    for number in range(homes):
        hint, speaker = (Hint(kind="home", value=f"flat{number}"),), f"speaker{number}"
        both = Device(id=speaker, kind="speaker")
        for turn, name in enumerate((f"ann{number}", f"bob{number}")):
            phone = Device(id=f"phone-{name}", kind="phone")
            own = (*who(name), Identifier(namespace="advertising.device", value=f"phone-{name}"))
            for day in range(8):
                when = day + 0.3 + 0.4 * turn
                story.touch(
                    when, home=name, channel="app", identifiers=own, device=phone, household_hints=hint
                )
                named = (*who(name), Identifier(namespace="device", value=speaker))
                if day < 4:
                    story.touch(when + 0.01, home=name, channel="voice", identifiers=named, device=both)
                else:
                    heard = (Identifier(namespace="device", value=speaker),)
                    story.touch(when + 0.01, channel="tip", identifiers=heard, device=both)
            story.order(9 + 0.1 * turn, home=name, number=f"o-{name}", household_hints=hint)
    return story


def person_settings(**chosen: Any) -> str:
    return settings(models=["linear"], **chosen) + '\n[journeys]\nunit = "person"\n'


def test_where_journeys_are_persons_replicates_draw_who_used_the_speaker(wide: Answered) -> None:
    told = person_settings()
    off, on, blind = (
        wide(flat(), told)
        for told in (person_settings(identity_doubt=False), told, told + "[identity]\nactors = false\n")
    )
    # what nobody was named at stays the household's, which orders nothing; it may have been either's
    assert width(off, "tip") == (0.0, 0.0, 0.0)
    amount, low, high = width(on, "tip")
    assert (amount, low) == (0.0, 0.0)
    assert high > 20.0  # of 240.00, shared by up to 8 + 4 + 4 touches
    assert width(on, "app")[1] < width(off, "app")[1] - 5.0
    assert width(blind, "tip") == (0.0, 0.0, 0.0)
    # a household's own journeys do not hang on it
    plain = [wide(flat(), settings(models=["linear"], identity_doubt=doubt)) for doubt in (False, True)]
    assert plain[0].sql(_SHARES) == plain[1].sql(_SHARES)


def test_in_each_draw_every_session_is_one_persons_and_money_is_kept(
    wide: Answered, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = "SELECT count(*) AS n FROM touches"
    nobodys = everything + " WHERE unit NOT IN (SELECT person FROM members WHERE person IS NOT NULL)"
    money = "SELECT order_id, net FROM orders ORDER BY order_id"
    seen = []

    def watched(core: Core, keep: Any, progress: Any) -> None:
        open_ = doubted(core)
        assert open_ is not None
        for drawn in open_.cores(core, seed=1):
            assert drawn.engine.table(everything) == core.engine.table(everything)
            assert drawn.engine.table(money).to_pylist() == core.engine.table(money).to_pylist()
            seen.append([c.engine.table(nobodys)["n"][0].as_py() for c in (core, drawn)])
        credit_all(core, keep, progress)

    monkeypatch.setattr(import_module("hearthline.pipeline.run"), "credit", watched)
    wide(flat(), person_settings())
    assert len(seen) == DRAWS
    for before, drawn in seen:
        assert before == 12 * 2 * 4
        assert drawn < before / 4


def test_sessions_are_drawn_as_often_as_they_are_likely_and_a_homes_lean_together() -> None:
    homes, each = 400, 60
    names = {
        "unit": np.repeat(np.arange(homes), each),
        "bucket_us": np.tile(np.arange(each), homes),
        "kind": ["tv"] * homes * each,
    }
    shared = Shared(
        sessions=pa.table(names),
        first=np.arange(0, 2 * homes * each + 1, 2),
        person=pa.array(np.tile([7, 8], homes * each)),
        until=np.tile([0.3, 1.0], homes * each),
        home=np.repeat(np.arange(homes), each),
    )
    one = shared.drawn(0, 1)["person"].to_numpy().reshape(homes, each) == 7
    assert one.mean() == pytest.approx(0.3, abs=0.02)
    assert one.sum(axis=1).std() == pytest.approx(2.5 * np.sqrt(each * 0.3 * 0.7), rel=0.1)
    assert not shared.drawn(0, 1).equals(shared.drawn(1, 1))
    assert shared.drawn(0, 1).equals(shared.drawn(0, 1))
