"""What a home says in Python when it is asked for something that is not there."""

import sys
from collections.abc import Callable

import pyarrow as pa
import pytest

import hearthline as hl
from hearthline.schema.errors import BadConfig, MissingExtra
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
