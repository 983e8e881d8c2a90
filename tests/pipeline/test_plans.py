"""Plans on homes told by hand: which weeks, which money and which lives they count."""

import shutil
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import hearthline as hl
from hearthline.pipeline.plans.spending import _settled
from hearthline.schema.errors import BadConfig, NothingToAnswer, UnknownName
from tests.pipeline.conftest import Story, live_in

FIRST = date(2026, 3, 2)  # a Monday
BEGIN = 1  # days after the story's first day
WEEKS = 14
SETTINGS = 'models = ["linear"]\ndefault = "linear"\n{more}\n[money]\ncurrency = "EUR"\n'
Spend = Iterable[tuple[str, int, str, str]]  # channel, day, cost, currency
Told = Callable[..., hl.Home]


def story(weeks: int = WEEKS) -> Story:
    """Return touches of two channels every week, and enrolments that brought two orders and fell silent."""
    dice, told = np.random.default_rng(1), Story()
    for week in range(weeks):
        for i in range(12):
            home, day = f"h{dice.integers(60)}", BEGIN + 7 * week + dice.random() * 6
            told.touch(day, home, channel="tv")
            told.touch(day + 0.1, home, channel="web")
            if i % 2:
                told.order(day + 0.5, home, "20.00")
    told.order(BEGIN + 7 * weeks - 0.1, "late", "20.00")  # the data reach the last day
    for i in range(20):
        told.touch(BEGIN + i * 0.3, f"m{i}", channel="tv")
        told.enrol(BEGIN + i * 0.3 + 0.1, f"m{i}", f"r{i}")
        for nth in range(2):
            told.machine(BEGIN + i * 0.3 + 8 + 9 * nth, f"m{i}", f"r{i}")
    return told


def of_every_day(cost: str, channel: str = "tv", currency: str = "EUR", weeks: Iterable[int] = range(WEEKS)):
    return [(channel, 7 * week + day, cost, currency) for week in weeks for day in range(7)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans") / "home"
    live_in(folder, story().events, SETTINGS.format(more="")).run()
    return folder


@pytest.fixture
def told(base: Path, tmp_path: Path) -> Told:
    """Return a function that gives a home with such spend; `more` lines of settings make it run again."""

    def with_spend(spend: Spend, more: str = "", rates: str = "") -> hl.Home:
        folder = tmp_path / "home"
        shutil.copytree(base, folder)
        home = hl.open_home(folder)
        lines = [f"{c},{FIRST + timedelta(days=day)},{cost},{money}" for c, day, cost, money in spend]
        (tmp_path / "spend.csv").write_text("channel,day,cost,currency\n" + "\n".join(lines) + "\n")
        assert not home.add(tmp_path / "spend.csv")[0].reasons
        if more or rates:
            settings = "[attribution]\nreplicates = 2\n" + SETTINGS.format(more=more) + rates
            (folder / "hearthline.toml").write_text(settings)
            home = hl.open_home(folder)
            home.run()
        return home

    return with_spend


def channels(figure) -> dict[str, dict]:
    return {r["channel"]: r for r in figure.rows.to_pylist()}


def test_silent_enrolments_have_ended_in_the_plan_as_in_the_ledger(told: Told) -> None:
    home = told(of_every_day("10.00"))
    seen = home.sql("SELECT count(ended) AS ended, count(*) AS n FROM enrolments").to_pylist()[0]
    assert seen == {"ended": 0, "n": 20}  # nobody told an end
    ledger = home.sql("SELECT count(*) FILTER (goes_on) AS on, avg(lifetime) AS life FROM enrolment_ledger")
    on, life = (ledger[n][0].as_py() for n in ("on", "life"))
    assert (on, float(life)) == (0, 40.0)  # two orders each, and no more to come
    figure = home.plans.enrolments()
    row = channels(figure)["tv"]
    assert float(row["life_low"]) < 40.0 < float(row["life_high"])
    assert float(row["life"]) == pytest.approx(40.0, rel=0.3)
    assert figure.extra["Life of an enrolment"] == f"€{float(row['life']):.1f}"


def test_a_life_is_counted_within_the_horizon(told: Told) -> None:
    home = told(of_every_day("10.00"), more="horizon_days = 9.0")
    figure = home.plans.enrolments()
    row = channels(figure)["tv"]
    assert float(row["life_high"]) <= 20.0 * 9.0 / 8.5  # usually 8.5 days from order to order
    assert "Lives are counted for 9 days: [attribution] horizon_days." in figure.notes


def test_more_spend_is_a_part_of_what_was_spent_where_enrolments_are_counted(told: Told) -> None:
    home = told([*of_every_day("1.00", weeks=range(6, 14)), *of_every_day("100.00", weeks=range(6))])
    figure = home.plans.enrolments(0.1)
    assert channels(figure)["tv"]["spend"] == Decimal("425.600000")  # a tenth of 56 and of 4,200


def test_where_spend_is_told_late_the_weeks_before_are_taken_to_be_alike(told: Told) -> None:
    home = told(of_every_day("10.00", weeks=range(5, 14)))
    figure = home.plans.enrolments(0.1)
    assert channels(figure)["tv"]["spend"] == Decimal("98.000000")
    assert "Spend is told for 9 of 14 weeks; the others are taken to be alike." in figure.notes


def test_a_channel_with_spend_in_a_currency_without_a_rate_is_left_out_with_the_amount(told: Told) -> None:
    spend = [*of_every_day("10.00"), *of_every_day("90.00", currency="USD"), *of_every_day("5.00", "web")]
    home = told(spend)
    said = "tv is not in the plan: 8,820.00 USD of its spend have no rate into EUR; set [money] rates."
    figure = home.plans.budget()
    assert set(channels(figure)) == {"web", "All together"}
    assert said in figure.notes
    assert not any("No spend is known" in note for note in figure.notes)
    assert said in home.plans.enrolments().notes
    with pytest.raises(UnknownName, match="'tv' has spend in USD, for which there is no rate"):
        home.plans.move(0.1, "tv", "web")


def test_spend_in_another_currency_counts_at_its_rate_in_plans_and_in_returns(told: Told) -> None:
    spend = [*of_every_day("10.00"), *of_every_day("90.00", currency="USD")]
    home = told(spend, rates="rates = { USD = 0.5 }\n")
    assert channels(home.plans.budget())["tv"]["now"] == Decimal("385.000000")
    figure = home.report("cost_and_return").figure
    assert {r["cost"] for r in figure.rows.to_pylist()} == {Decimal("5390.000000")}
    assert not any("USD" in note for note in figure.notes)


def test_spend_of_millions_a_day_adds_up(told: Told) -> None:
    spend = [*of_every_day("1500000.00"), *of_every_day("90000000.00", currency="USD")]
    home = told(spend, rates="rates = { USD = 0.5 }\n")
    figure = home.report("cost_and_return").figure
    assert {r["cost"] for r in figure.rows.to_pylist()} == {Decimal("4557000000.000000")}
    assert channels(home.plans.budget())["tv"]["now"] == Decimal("325500000.000000")


def test_where_all_spend_is_without_a_rate_the_plan_says_so(told: Told) -> None:
    with pytest.raises(NothingToAnswer, match="got spend in USD, for which there is no rate"):
        told(of_every_day("90.00", currency="USD")).plans.budget()


def test_a_week_of_nothing_is_the_least_that_was_spent(told: Told) -> None:
    on = [w for w in range(WEEKS) if w not in (2, 3)]
    home = told([*of_every_day("10.00"), *of_every_day("5.00", "web", weeks=on)])
    total = home.plans.budget(total=71.0, most={"tv": 70.0})
    assert float(channels(total)["web"]["then"]) == pytest.approx(1.0)
    assert channels(total)["web"]["outside"] is None


def test_weeks_before_any_spend_was_told_are_no_weeks_of_nothing(told: Told) -> None:
    home = told(
        [*of_every_day("10.00", weeks=range(3, 14)), *of_every_day("5.00", "web", weeks=range(3, 14))]
    )
    with pytest.raises(BadConfig, match=r"the limits allow 105\.00 to 105\.00"):
        home.plans.budget(total=71.0)


def test_spend_of_too_few_settled_weeks_is_refused(told: Told) -> None:
    with pytest.raises(NothingToAnswer, match="spend is told for 3 of 10 whole weeks that have settled"):
        told(of_every_day("10.00", weeks=range(7, 14))).plans.budget()


def test_a_home_without_spend_is_told_how_to_add_some(base: Path) -> None:
    with pytest.raises(NothingToAnswer, match="add a table of spend"):
        hl.open_home(base).plans.budget()


def test_weeks_whose_touches_have_not_had_four_weeks_are_not_planned_with(tmp_path: Path) -> None:
    home = live_in(tmp_path / "home", story(weeks=7).events, SETTINGS.format(more=""))
    (tmp_path / "spend.csv").write_text(
        "channel,day,cost,currency\n"
        + "".join(f"tv,{FIRST + timedelta(days=i)},10.00,EUR\n" for i in range(49))
    )
    home.add(tmp_path / "spend.csv")
    home.run()
    with pytest.raises(
        NothingToAnswer, match=r"got data from 2026-03-02 to 2026-04-19; wait until .* 2026-04-26"
    ):
        home.plans.budget()
    assert len(_settled(FIRST, FIRST + timedelta(days=55))) == 4
    with pytest.raises(NothingToAnswer, match="wait until they reach 2026-05-03"):
        _settled(FIRST + timedelta(days=1), FIRST + timedelta(days=61))


def test_a_rate_that_is_too_small_to_be_kept_is_refused(tmp_path: Path) -> None:
    few = Story()
    few.touch(1)
    few.order(2)
    for rate, kept in (("4e-9", "0.00000000"), ("3.53449e-5", "0.00003534")):
        money = f'[money]\ncurrency = "EUR"\nrates = {{ VND = {rate} }}\n'
        home = live_in(tmp_path / rate, few.events, money)
        with pytest.raises(BadConfig, match=f"VND = 0.0000.* would count as {kept} EUR"):
            home.run()
    home = live_in(tmp_path / "kept", few.events, '[money]\ncurrency = "EUR"\nrates = { VND = 3.534e-5 }\n')
    home.run()
    rates = home.sql("SELECT currency, rate FROM rates ORDER BY currency").to_pylist()
    assert [(r["currency"], float(r["rate"])) for r in rates] == [("EUR", 1.0), ("VND", 3.534e-5)]
