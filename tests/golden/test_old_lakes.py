"""A lake that an older version wrote opens and answers as it did."""

import json
import shutil
from pathlib import Path

import pytest

from hearthline.api import open_home
from hearthline.schema import SCHEMA_VERSION
from hearthline.store.home import HomeFolder
from tests.golden.make_lake import HERE, QUESTION

LAKES = sorted(HERE.parent.glob("lake_v*"))


@pytest.mark.parametrize("lake", LAKES, ids=lambda p: p.name)
def test_an_old_lake_opens_and_answers_as_it_did(lake: Path, tmp_path: Path) -> None:
    home = HomeFolder.create(tmp_path)
    shutil.copytree(lake, home.lake, dirs_exist_ok=True)
    opened = open_home(tmp_path)
    opened.run()
    assert opened.sql(QUESTION).to_pylist() == json.loads((lake / "answer.json").read_text())


def test_there_is_a_lake_of_every_version() -> None:
    assert [p.name for p in LAKES] == [f"lake_v{n}" for n in range(1, SCHEMA_VERSION + 1)]
