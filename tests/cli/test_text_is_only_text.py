"""What data holds is printed as it is: brackets and colons are no commands of the screen."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from hearthline.cli._screen import results, table

Called = Callable[..., Any]
ODD = ("[promo] x", "[/b]", "[bold red]x[/]", ":smile:", "x \\[y]")


@pytest.mark.parametrize("odd", ODD)
def test_a_cell_is_printed_as_it_is(odd: str, capsys: pytest.CaptureFixture[str]) -> None:
    results().print(table((odd,), [(odd,)]))
    results().print(odd)
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [odd] * 3


@pytest.mark.parametrize("odd", ODD)
def test_sql_prints_what_it_found(called: Called, town: tuple[Path, Any], odd: str) -> None:
    said = called("sql", f"SELECT '{odd}' AS a", "--home", town[0])
    assert said.code == 0, said.err
    assert odd in said.out


def test_a_channel_may_have_brackets(called: Called, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(
        "ts,event,household,channel\n2026-03-01T09:00:00Z,ad_view,h1,[/sale]\n"
        "2026-03-01T10:00:00Z,ad_view,h2,[sale] tv\n"
    )
    (tmp_path / "orders.csv").write_text(
        "order_id,ts,net,currency,household\n[7],2026-03-02T10:00:00Z,12.00,EUR,h1\n"
        "8,2026-03-02T10:00:00Z,12.00,EUR,h2\n"
    )
    home = tmp_path / "home"
    said = called("run", tmp_path / "events.csv", tmp_path / "orders.csv", "--home", home)
    assert said.code == 0, said.err
    for command in (("report", "attribution"), ("events",), ("explain", "[7]"), ("report", "paths")):
        shown = called(*command, "--home", home)
        assert shown.code == 0, shown.err
        assert "[/sale]" in shown.out
        assert "[7]" in called("explain", "[7]", "--home", home).out


def test_help_and_cures_keep_their_brackets(
    called: Called, town: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "[bridge]" in called("bridge", "--help").out
    monkeypatch.setattr(import_module("hearthline.pipeline.doctor"), "find_spec", lambda _: None)
    said = " ".join(called("doctor", "--home", town[0]).out.split())
    assert "[neural]" in said
    assert "[spark]" in said
