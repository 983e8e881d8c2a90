"""What a home says in Python when it is asked for something that is not there."""

import sys
from collections.abc import Callable

import duckdb
import pyarrow as pa
import pytest

import hearthline as hl
from hearthline.schema.errors import BadConfig, MissingExtra, UnknownName
from tests.pipeline.conftest import Story

Answered = Callable[..., hl.Home]


@pytest.fixture
def home(answered: Answered) -> hl.Home:
    story = Story()
    story.touch(1)
    story.order(2)
    return answered(story)


@pytest.mark.parametrize(("form", "package"), [("df", "pandas"), ("pl", "polars")])
def test_a_data_frame_without_its_package_says_how_to_install_it(
    home: hl.Home, form: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = home.report("attribution")
    assert len(getattr(result, form)()) == result.arrow().num_rows
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'hearthline\[{package}\]', or take \.arrow\(\)"):
        getattr(result, form)()
    assert isinstance(result.arrow(), pa.Table)


def test_an_engine_that_is_none_runs_nothing(home: hl.Home) -> None:
    before = home.report("overview").figure.source
    with pytest.raises(BadConfig, match="no engine named 'flink'; choose one of duckdb, spark"):
        home.run(engine="flink")
    assert home.report("overview").figure.source == before


def test_one_report_is_named_as_it_is(home: hl.Home) -> None:
    assert home.html("attribution") == home.html(["attribution"])


def test_a_table_that_is_none_is_named_with_those_that_are(home: hl.Home) -> None:
    with pytest.raises(UnknownName, match=r"there is no table 'nope'; choose one of .*\borders\b") as told:
        home.sql("select * from nope")
    assert isinstance(told.value.__cause__, duckdb.CatalogException)
    assert "events" in str(told.value)
    assert "empty_" not in str(told.value)


def test_a_column_that_is_none_is_named_with_those_that_are_near(home: hl.Home) -> None:
    with pytest.raises(UnknownName, match=r'"nett" not found in FROM clause!; Candidate bindings: .*"net"'):
        home.sql("SELECT nett FROM orders")
    with pytest.raises(UnknownName, match=r"the condition: .*touch_chanel.*touch_channel"):
        home.events("touch_chanel = 'tv'")


def test_sql_that_is_not_understood_is_wrong_use(home: hl.Home) -> None:
    with pytest.raises(BadConfig, match=r"the query: Parser Error: .*; docs/answer\.md lists") as told:
        home.sql("SELEKT 1")
    assert isinstance(told.value.__cause__, duckdb.ParserException)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "[signals.options.supplys]\nrise = 20.0\n",
            "there is no signal 'supplys'; choose one of .*supplies",
        ),
        ("[signals.options.supplies]\nrize = 20.0\n", "no option 'rize'; options are .*rise"),
        (
            '[signals]\ncontent = ["brands.csv"]\n',
            r"brands\.csv:2: there is no kind 'brnad'; choose one of brand",
        ),
    ],
)
def test_settings_of_signals_that_nothing_heeds_are_said_before_the_work(
    home: hl.Home, said: str, words: str
) -> None:
    (home.path / "brands.csv").write_text("kind,name\nbrnad,Kaffora\n")
    (home.path / "hearthline.toml").write_text(said)
    stages: list[str] = []
    with pytest.raises(BadConfig, match=words):
        home.run(progress=stages.append)
    assert stages == []
