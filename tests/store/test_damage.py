"""What is broken of a home is told in words, with what makes it whole again."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import hearthline as hl
from hearthline.schema.errors import HomeDamaged
from hearthline.store.answer import PublishedAnswer
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake

TOLD = r"answers/.*; make the answer anew: hearthline run --home"
ORDERS = (
    "order_id,ts,customer,total,consent\n1,2026-03-01T10:00:00Z,c,20,yes\n2,2026-03-02T10:00:00Z,d,30,yes\n"
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    made = hl.init(folder / "home")
    (folder / "orders.csv").write_text(ORDERS)
    made.add(folder / "orders.csv")
    made.run()
    return folder


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> hl.Home:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return hl.open_home(tmp_path / "home")


def cut(file: Path, part: float) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])


def zeros(home: hl.Home) -> None:
    """Make half of the answer zeros, as a disk does that lost power: what was lost shows when it is read."""
    whole = answer(home).read_bytes()
    answer(home).write_bytes(whole[: len(whole) // 2].ljust(len(whole), b"\0"))


def answer(home: hl.Home) -> Path:
    (file,) = (home.path / "answers").glob("*.duckdb")
    return file


BROKEN: dict[str, Callable[[hl.Home], object]] = {
    "empty": lambda home: cut(answer(home), 0),
    "cut at its head": lambda home: answer(home).write_bytes(answer(home).read_bytes()[:5000]),
    "cut in half": lambda home: cut(answer(home), 0.5),
    "gone": lambda home: answer(home).unlink(),
    "no pointer's text": lambda home: cut(home.path / "answers" / "current.json", 0.5),
    "a pointer of another kind": lambda home: (home.path / "answers" / "current.json").write_text("[1]"),
    "a pointer to nothing": lambda home: (home.path / "answers" / "current.json").write_text("{}"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_answer_is_told(home: hl.Home, how: str) -> None:
    BROKEN[how](home)
    for ask in (lambda: home.explain("1"), home.events, lambda: home.sql("SELECT * FROM orders")):
        with pytest.raises(HomeDamaged, match=TOLD):
            ask()
    (check,) = (c for c in home.doctor() if c.name == "answer")
    assert (check.state, "hearthline run" in check.cure) == ("ill", True)


@pytest.mark.parametrize("how", ["cut in half", "a pointer to nothing", "zeros"])
def test_another_run_mends_a_broken_answer(home: hl.Home, how: str) -> None:
    (BROKEN | {"zeros": zeros})[how](home)
    with pytest.raises(HomeDamaged, match=TOLD):
        PublishedAnswer(HomeFolder.open(home.path)).prints()
    home.run()
    assert home.explain("1").order["order_id"] == "1"


def test_a_wrong_question_is_no_damage(home: hl.Home) -> None:
    with pytest.raises(Exception, match=r"nowhere\.csv") as told:
        home.sql("SELECT * FROM read_csv('nowhere.csv')")
    assert not isinstance(told.value, HomeDamaged)


@pytest.mark.parametrize("how", ["gone", "cut"])
def test_broken_files_of_the_lake_are_told(home: hl.Home, tmp_path: Path, how: str) -> None:
    (file,) = Lake(home.path / "lake").files("events")
    file.unlink() if how == "gone" else cut(file, 0.5)
    named = rf"lake/events/.*/{file.name} is gone or cut short; bring back what is missing from a backup"
    for ask in (lambda: home.explain("1"), home.run, lambda: home.add(tmp_path / "orders.csv")):
        with pytest.raises(HomeDamaged, match=named):
            ask()
    (check,) = (c for c in home.doctor() if c.name == "lake")
    assert (check.state, file.name in check.found) == ("ill", True)


def test_a_broken_manifest_is_told(home: hl.Home) -> None:
    cut(home.path / "lake" / "manifest.json", 0.5)
    for ask in (home.run, home.rejects, lambda: home.explain("1")):
        with pytest.raises(HomeDamaged, match=r"manifest\.json: .*; bring it back from a backup"):
            ask()
    assert {c.name: c.state for c in home.doctor()}["lake"] == "ill"
    assert HomeFolder.open(home.path).path == home.path
