"""One small town, shown by servers with and without an answer, and Chromium to look at them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

import hearthline as hl
from hearthline.cli import app
from web.serving import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TOKENS = {
    "reader": {"read"},
    "whole": {"read", "identifiers"},
    "writer": {"read", "write"},
    "ingest": {"ingest"},
}


def allowed(token: str, scope: str) -> bool:
    """Return what the tokens of these tests may do."""
    return scope in TOKENS.get(token, set())


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated home with its answer and its truth."""
    folder = tmp_path_factory.mktemp("town") / "town"
    done = CliRunner().invoke(app, ["demo", "--homes", "130", "--days", "70", "--home", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="session")
def url(town: Path) -> Iterator[str]:
    """A dashboard of the town on loopback, without tokens."""
    with serving(town) as address:
        requests.get(address + "/", timeout=30)
        yield address


@pytest.fixture(scope="session")
def locked(town: Path) -> Iterator[str]:
    """A dashboard of the town that asks for tokens."""
    with serving(town, allowed) as address:
        requests.get(address + "/", timeout=30)
        yield address


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a home without an answer."""
    folder = tmp_path_factory.mktemp("empty")
    hl.init(folder)
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of a home whose answer's file is damaged."""
    folder = tmp_path_factory.mktemp("broken")
    hl.init(folder)
    answers = folder / "answers"
    answers.mkdir(exist_ok=True)
    (answers / "20260101-000000-dead.duckdb").write_bytes(b"no database" * 999)
    pointer = {"run": "20260101-000000-dead", "file": "20260101-000000-dead.duckdb"}
    (answers / "current.json").write_text(json.dumps(pointer))
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="module")  # its event loop must not outlive the module
def chromium() -> Iterator[Any]:
    """A browser, where there is one."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; on Debian and Ubuntu: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
