"""Credit from a table of paths, against the models on the same journeys."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hearthline.attribution import credit_paths, load
from hearthline.attribution.markov import Markov
from hearthline.schema.errors import BadFile
from hearthline.schema.journey import Journeys, journeys_of

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        file = tmp_path / "paths.csv"
        file.write_text(text)
        return file

    return written


def _town() -> tuple[Journeys, str]:
    dice = np.random.default_rng(8)
    paths = [tuple(dice.integers(0, 4, dice.integers(1, 6)).tolist()) for _ in range(300)]
    won, worth = dice.random(300) < 0.3, dice.integers(1, 99, 300)
    rows = ["path,conversions,value,null"]
    for path, bought, value in zip(paths, won, worth, strict=True):
        words = " > ".join("abcd"[c] for c in path)
        rows.append(f"{words},{int(bought)},{value if bought else 0},{int(not bought)}")
    return journeys_of(paths, worth.astype(float).tolist(), won.tolist(), 4), "\n".join(rows) + "\n"


def test_a_table_of_paths_gives_what_the_models_give(write: Write) -> None:
    journeys, text = _town()
    found = credit_paths(write(text))
    assert found.channels == ("a", "b", "c", "d")
    for name, amounts in [("first_touch", found.first), ("last_touch", found.last), ("linear", found.linear)]:
        worth = load(name).credit(journeys, None) * journeys.value[journeys.row]
        assert amounts == pytest.approx(np.bincount(journeys.channel, weights=worth))
    chain = Markov().solve(Markov().gather(journeys))
    assert found.removal == pytest.approx(chain.effect, abs=1e-12)
    assert found.conversions / found.journeys == pytest.approx(chain.conversion)
    assert found.markov.sum() == pytest.approx(found.value) == pytest.approx(journeys.value.sum())


def test_rows_may_count_many_journeys_of_one_path(write: Write) -> None:
    found = credit_paths(write("path,conversions,value,null\ntv|web,2,60.5,7\nweb,0,0,3\n,5,9,5\n"), "|")
    assert (found.journeys, found.conversions, found.value) == (12.0, 2.0, 60.5)
    assert found.linear.tolist() == [30.25, 30.25]


def test_no_conversion_gives_zeros(write: Write) -> None:
    found = credit_paths(write("path,conversions,value,null\ntv > web,0,0,7\n"))
    assert found.removal.tolist() == found.markov.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("path,conversions,value,null\n", "got 0"),
        ("path,conversions,value,null\ntv,many,0,1\n", "no table of paths"),
        ("path\ntv\n", "no table of paths"),
    ],
    ids=["header only", "words for numbers", "columns missing"],
)
def test_a_file_that_is_no_table_of_paths_is_refused(write: Write, text: str, wrong: str) -> None:
    with pytest.raises(BadFile, match=wrong):
        credit_paths(write(text))


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"nowhere\.csv: no table of paths"):
        credit_paths(tmp_path / "nowhere.csv")
