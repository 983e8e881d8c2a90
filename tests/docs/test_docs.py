"""The docs say what there is, links lead somewhere, commands exist, and nothing names a machine."""

import re
import shlex
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer.main

from hearthline import attribution, reports, sources
from hearthline.cli import COMMANDS, app
from hearthline.schema.settings import NamespacePolicy, Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    p
    for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")]
    if ".venv" not in p.parts
)


def loaded(name: str) -> Any:
    """Return a script of the folder docs as a module."""
    spec = spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


PAGES_MADE = loaded("pages").PAGES


@pytest.mark.parametrize("page", PAGES_MADE)
def test_a_page_made_from_the_code_is_current(page: str) -> None:
    assert (ROOT / "docs" / page).read_text() == PAGES_MADE[page](), "run: make docs"


def test_every_command_and_option_is_documented() -> None:
    page = (ROOT / "docs/cli.md").read_text()
    root: Any = typer.main.get_command(app)
    for name in (name for names in COMMANDS.values() for name in names):
        assert f"`hearthline {name}" in page
        for found in root.commands[name].params:
            if found.param_type_name == "option" and found.name != "help":
                assert f"`{found.opts[0]}`" in page


@pytest.mark.parametrize(
    ("page", "names"),
    [("reports.md", reports.names()), ("models.md", attribution.names())],
    ids=["reports", "models"],
)
def test_every_report_and_model_has_its_place(page: str, names: tuple[str, ...]) -> None:
    text = (ROOT / "docs" / page).read_text()
    assert [name for name in names if not re.search(rf"^##+ .*`{name}`", text, re.MULTILINE)] == []


def test_every_source_has_its_page() -> None:
    assert [name for name in sources.names() if not (ROOT / "docs/sources" / f"{name}.md").exists()] == []


def test_every_setting_is_documented_with_its_default() -> None:
    page = (ROOT / "docs/settings.md").read_text()
    for section in msgspec.structs.fields(Settings):
        assert f"[{section.name}]" in page
        if isinstance(section.type, type) and issubclass(section.type, msgspec.Struct):
            for setting in msgspec.structs.fields(section.type):
                assert f"# {setting.name} = " in page
    for policy in msgspec.structs.fields(NamespacePolicy):
        assert f"{policy.name}:" in page


def test_every_decision_is_in_the_index_and_answers_its_question() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    pages = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert len(pages) >= 8
    for page in pages:
        assert f"({page.name})" in index
        for part in ("**Question.**", "**Chosen.**", "**Not chosen.**", "**Look again when**"):
            assert part in page.read_text(), page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link or link.startswith(("#", "mailto:")):
            continue
        assert (page.parent / link.split("#")[0]).exists(), f"{page.name}: {link}"


def commands() -> list[tuple[str, str]]:
    """Return every `hearthline ...` and `make ...` that a page shows as code."""
    found = []
    for page in PAGES:
        text = page.read_text()
        blocks = "\n".join(re.findall(r"```(?:console|sh|bash)\n(.*?)```", text, re.DOTALL)).splitlines()
        inline = re.findall(r"(?<!`)`((?:hearthline|make) [^`\n]+)`", text)
        found += [(page.name, c) for c in [*blocks, *inline] if c.startswith(("hearthline ", "make "))]
    return found


def test_commands_that_pages_show_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {name for names in COMMANDS.values() for name in names}
    root: Any = typer.main.get_command(app)
    shown = commands()
    assert len(shown) > 20
    for page, command in shown:
        program, name, *rest = shlex.split(command)
        if program == "make":
            assert name in targets | {"TARGET"} or "=" in name, f"{page}: {command}"
            continue
        if name in {o for p in root.params for o in p.opts}:
            continue
        assert name in known, f"{page}: {command}"
        below = getattr(root.commands[name], "commands", {})
        inside = bool(below and rest) and not rest[0].startswith("-")
        params = (below[rest[0]] if inside else root.commands[name]).params
        options = {o for p in params for o in (*p.opts, *p.secondary_opts)}
        assert [r for r in rest if r.startswith("--") and r.split("=")[0] not in options] == [], command


def test_the_readme_shows_what_the_demo_prints() -> None:
    demo = loaded("demo")
    readme = (ROOT / "README.md").read_text()
    shown = demo._PLACE.search(readme)
    assert shown is not None
    for part in ("Read", "Found", "Orders", "Adds up", "90 % interval", "Additive hazard"):
        assert part in shown[0]
    said = f"Hearthline  one\n  Read  two   \n\n{demo._LAST}\nthree\n"
    assert "Hearthline  one\n  Read  two\n```" in demo.replaced(readme, said)
    assert "three" not in demo.replaced(readme, said)


# Written in parts, so that this file does not find itself.
_FOLDERS = ("root/", "work/", "home/[a-z]+/", "Users/", "opt/py" + "pi", "tmp/[a-z]")
FORBIDDEN = {
    "the path of a machine": re.compile("|".join(rf"(?<![\w.])/{folder}" for folder in _FOLDERS)),
    "the host of a package index": re.compile("py" + r"pi\.org|python" + "hosted|index" + "-url"),
}


def test_no_tracked_file_names_a_machine_or_an_index() -> None:
    found = []
    for file in tracked():
        for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), 1):
            found += [
                f"{file.relative_to(ROOT)}:{number}: {what}"
                for what, pattern in FORBIDDEN.items()
                if pattern.search(line) and "emit-index" not in line
            ]
    assert found == []


def test_changelog_fragments_say_their_kind() -> None:
    names = [p.name for p in (ROOT / "changelog.d").glob("*.md") if p.name != "README.md"]
    assert names
    assert [n for n in names if not re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md", n)] == []


def test_locks_hold_hashes_and_name_no_address() -> None:
    for name in ("base", "dev", "federated"):
        text = (ROOT / "requirements" / f"{name}.lock").read_text()
        assert "://" not in text
        pins = re.findall(r"^[a-z0-9-]+==[^\s]+", text, re.MULTILINE)
        assert pins
        assert len(re.findall(r"^[a-z0-9-]+==.*\\\n +--hash=sha256:", text, re.MULTILINE)) == len(pins)
    base, dev = (
        set(
            re.findall(
                r"^([a-z0-9-]+==[^\s]+)", (ROOT / "requirements" / f"{n}.lock").read_text(), re.MULTILINE
            )
        )
        for n in ("base", "dev")
    )
    assert base <= dev
