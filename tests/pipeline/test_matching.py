"""Records of people in a file become links in the answer, and nothing else of them stays."""

import csv
from pathlib import Path

import pytest

from hearthline.pipeline.searching import searched
from hearthline.schema.errors import BadFile
from hearthline.schema.event import Identifier
from tests.identity.test_matching import people
from tests.pipeline.conftest import Story, live_in


def story(count: int) -> Story:
    found = Story()
    for i in range(count):
        found.order(
            1,
            home=f"c{i}",
            number=f"order-{i}",
            identifiers=(Identifier(namespace="customer", value=f"c{i}"),),
        )
        found.touch(
            0, home=f"t{i}", channel="tv", identifiers=(Identifier(namespace="tv.person", value=f"t{i}"),)
        )
    return found


def records(folder: Path, count: int) -> Path:
    file = folder / "people.csv"
    with file.open("w", newline="") as out:
        write = csv.writer(out)
        write.writerow(["ID", "First name", "Surname", "dob", "ZIP"])
        for i, one in enumerate(people(count)):
            who = [one["given_name"], "Quillfeather" if i == 3 else one["surname"], *list(one.values())[2:]]
            write.writerow([f"customer:c{i}", *who])
            write.writerow([f"tv.person:t{i}", *who])
    return file


def test_records_alike_become_links_with_their_reasons_and_nothing_else_of_them_is_kept(
    tmp_path: Path,
) -> None:
    home = live_in(tmp_path / "home", story(30).events)
    home.run()
    file = records(tmp_path, 30)
    looked = home.match(file, dry_run=True)
    assert (looked.records, looked.pairs, looked.written) == (60, 30, 0)
    assert home.match(file, consent="contract").written == 30
    assert home.match(file).written == 0, "nothing new was said"
    home.run()
    opened = home.explain_link("customer:c3", "tv.person:t3")
    (link,) = opened.links
    assert (link["kind"], link["rule"][:6], link["consent"], link["state"]) == (
        "said_same",
        "splink",
        "contract",
        "used",
    )
    (said,) = opened.statements
    assert sum(w for _, w in said["evidence"]) == pytest.approx(said["weight"], abs=0.01)
    people = home.sql(
        "SELECT count(DISTINCT person) AS n FROM identifiers WHERE id IN ('customer:c3', 'tv.person:t3')"
    )
    assert people["n"][0].as_py() == 1
    assert not searched(home.path, ["Quillfeather", "quillfeather"]).found


def test_a_match_that_people_took_back_stays_taken_back(tmp_path: Path) -> None:
    home = live_in(tmp_path / "home", story(25).events)
    file = records(tmp_path, 25)
    home.match(file)
    home.unmerge("customer:c3", "tv.person:t3", reason="a father and his son")
    again = home.match(file)
    assert (again.written, again.held_back) == (0, 1)
    home.run()
    units = home.sql(
        "SELECT count(DISTINCT unit) AS n FROM identifiers WHERE id IN ('customer:c3', 'tv.person:t3')"
    )
    assert units["n"][0].as_py() == 2


@pytest.mark.parametrize("name", ["people.txt", "people.csv", "missing.csv"])
def test_a_file_that_holds_no_records_is_an_error_with_a_cure(tmp_path: Path, name: str) -> None:
    home = live_in(tmp_path / "home", story(1).events)
    if name == "people.csv":
        (tmp_path / name).write_text("who,surname\n1,berg\n")
    with pytest.raises(BadFile, match="match: "):
        home.match(tmp_path / name)
