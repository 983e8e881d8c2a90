"""The write door keeps to its description, whatever is sent: schemathesis asks, nothing fails."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection, unsupported_method

from hearthline.server.ingest.openapi import document

from .test_serve import Server

SCHEMA: Any = schemathesis.openapi.from_dict(document())
SCHEMA.config.generation.update(allow_x00=False)  # NUL is refused, and a JSON schema cannot say so


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server's write door."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NO_PROXY", "127.0.0.1")
        server = Server(tmp_path_factory.mktemp("described") / "home").ready()
        yield f"http://127.0.0.1:{server.port}"
        code, log = server.stopped()
        assert code == 0
        assert '"defect"' not in log


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=15, deadline=None, derandomize=True, database=None)
def test_the_write_door_keeps_to_its_description(case: Any, address: str) -> None:
    # the door takes GET and PUT on all its paths, and describes what is meant to be sent
    excluded = [unsupported_method]
    if "/homebridge" in case.path:  # a log is text: any line is kept, or refused by itself
        excluded.append(negative_data_rejection)
    case.call_and_validate(base_url=address, excluded_checks=excluded)


@pytest.mark.parametrize(("path", "allowed"), [("/in", "POST, PUT, GET, OPTIONS"), ("/healthz", "GET, HEAD")])
def test_a_method_that_is_not_taken_is_told_which_are(address: str, path: str, allowed: str) -> None:
    answer = requests.delete(f"{address}{path}", timeout=10)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_the_description_is_served_and_names_every_source(address: str) -> None:
    found = requests.get(f"{address}/openapi.json", timeout=10).json()
    assert found == document()
