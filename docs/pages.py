"""Writes the pages that are made from the code: `python docs/pages.py` (or `make docs`).

A test compares each page with what this file makes, so that no page goes stale.
"""

import re
from collections.abc import Iterator
from functools import partial
from inspect import cleandoc, signature
from pathlib import Path
from types import FunctionType
from typing import Any

import msgspec
import typer.main

import hearthline as hl
from hearthline import signals, sources
from hearthline.cli import COMMANDS, app
from hearthline.cli._settings_file import settings_text
from hearthline.schema import event
from hearthline.schema.arrow import EVENTS

__all__ = [
    "PAGES",
    "cli",
    "events",
    "landscape",
    "python",
    "settings",
    "signal_tables",
    "source_facts",
    "source_table",
]

HERE = Path(__file__).parent
_UNTOLD = "The figure behind it: rows, units, intervals, definition."

_CLI = """# The command line

Results go to standard output, messages and progress to standard error; progress is drawn on a terminal
only. `--json` prints JSON; `NO_COLOR=1` takes colours away. `--home` names the folder of the home
(default `hearthline-home`, or the environment's `HEARTHLINE_HOME`).

| exit code | meaning |
|---|---|
| 0 | a usable answer, also when inputs were refused |
| 1 | no usable answer; with `--strict`, anything was refused; `doctor`: something is ill |
| 2 | wrong use: an unknown command, option, report, model, source or order, or an impossible setting |
| 130 | stopped by Ctrl-C; the last good answer is still there |

An error reads `error[kind]: where: what was wrong`, then `help: what to do`. Set `HEARTHLINE_TRACEBACK=1`
to see where a defect of ours lies.
"""

_PYTHON = """# The Python API

`import hearthline as hl` gives the names below and no others; each is loaded when it is first used.
`hl.init(folder)` makes a home or returns the one that is there, `hl.open_home(folder)` returns one that
must be there.

```python
import hearthline as hl

home = hl.init("my-home")
home.add("events.csv", "orders.csv")
home.run()
home.report("attribution").arrow()
```

`hl.connect("http://127.0.0.1:8787", token)` reads the same from a server: `report`, `reports` and `explain`
give what they give on a home, to the cent.
"""

_SETTINGS = """# Settings

`hearthline.toml` lies in the home; every setting has a default, and an empty file is a valid one. The
environment wins over the file: `HEARTHLINE_ATTRIBUTION__REPLICATES=50` sets `[attribution] replicates`.
`hearthline config show --origin` says where each value comes from. This is the file as `hearthline init`
writes it:
"""

_EVENTS = """# The canonical event

Nothing else enters the lake. `(source, id)` is the duplicate key; an id that the sender did not give is
derived from the content, so that a replay is a duplicate and not a second event. Times are UTC, money is
decimal, absent consent is *unknown* and not *granted*. A group's field is a column with the group's name
in front: `touch.channel` is `touch_channel`. Identifiers and household hints lie once per combination in
the table `identities`.
"""

_SIGNALS = """# The tables of signals

What [signals](signals.md) give back stands in the answer beside [all other tables](answer.md). Times are UTC,
`unit` is the key of the household. `derived` holds derived events of all signals in the columns of
[the canonical event](event.md): `type` reads `derived.<object>.<action>`, `source` says which signal,
`time` is when it is known. `signals` has one row for each signal: `signal`, `title`, `rows`.
"""


def _words(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _parameter(found: Any) -> str:
    if found.param_type_name == "argument":
        name = f"`{found.metavar or found.name.upper()}`"
    else:
        name = ", ".join(f"`{o}`" for o in [*found.opts, *found.secondary_opts])
        if found.metavar:
            name += f" `{_words(found.metavar)}`"
    shown = found.default not in (None, False, "", (), []) and not callable(found.default)
    default = f" (default `{found.default}`)" if shown else ""
    return f"| {name} | {_words(found.help)}{default} |"


def _command(path: str, command: Any) -> Iterator[str]:
    yield f"### `{path}`\n\n{_words(command.help)}\n"
    rows = [_parameter(p) for p in command.params if p.name not in ("help", "home", "as_json")]
    common = [
        f"`--{n}`"
        for n, o in (("home", "home"), ("json", "as_json"))
        if o in {p.name for p in command.params}
    ]
    if rows:
        yield "| argument or option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"
    if common:
        yield f"Also {' and '.join(common)}.\n"


def cli() -> str:
    """Return the page of all commands, as their help says it."""
    root: Any = typer.main.get_command(app)
    parts = [_CLI]
    for panel, names in COMMANDS.items():
        parts.append(f"## {panel}\n")
        for name in names:
            command = root.commands[name]
            inside = getattr(command, "commands", {"": command})
            own = {"": command} if command.params and "" not in inside else {}
            for inner, below in {**own, **inside}.items():
                parts += _command(f"hearthline {name} {inner}".rstrip(), below)
    return "\n".join(parts)


def settings() -> str:
    """Return the page of all settings."""
    return f"{_SETTINGS}\n```toml\n{settings_text().rstrip()}\n```\n"


def events() -> str:
    """Return the page of the canonical event."""
    parts = [_EVENTS]
    groups = {f.name: f.type for f in msgspec.structs.fields(event.Event)}
    for name, kind in {"": event.Event, **groups}.items():
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            continue
        fields = [f.name for f in msgspec.structs.fields(kind)]
        columns = [c for c in (f"{name}_{f}".lstrip("_") for f in fields) if c in EVENTS.names]
        parts.append(f"## {f'`{name}`' if name else 'Envelope, clocks, place in the journey'}\n")
        parts.append(_words(cleandoc(kind.__doc__ or "").split("\n\n")[0]) + "\n")
        rows = "\n".join(f"| `{c}` | {EVENTS.field(c).type} |" for c in columns)
        parts.append(f"| column | type |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def python() -> str:
    """Return the page of the Python API."""
    parts = [_PYTHON]
    for kind in (hl.Home, hl.Result, hl.Remote):
        parts.append(f"## `{kind.__name__}`\n\n{_first(kind)}\n")
        rows = [
            f"| `.{name}{_call(member)}` | {_first(member)} |"
            for name, member in vars(kind).items()
            if not name.startswith("_")
        ]
        parts.append("| member | what comes back |\n|---|---|\n" + "\n".join(rows) + "\n")
    rest = [name for name in hl.__all__ if name not in ("Home", "Result", "Remote", "__version__")]
    rows = [f"| `hl.{name}` | {_first(getattr(hl, name))} |" for name in rest]
    parts.append("## The other names\n\n| name | what it is |\n|---|---|\n" + "\n".join(rows))
    parts.append("| `hl.__version__` | The version, as text. |\n")
    return "\n".join(parts)


def _first(documented: object) -> str:
    return _words(cleandoc(documented.__doc__ or _UNTOLD).split("\n\n")[0])


def _call(member: object) -> str:
    if not isinstance(member, FunctionType):
        return ""
    names = [p for p in signature(member).parameters if p != "self"]
    return f"({', '.join(names)})"


def signal_tables() -> str:
    """Return the page of what signals give back."""
    parts = [_SIGNALS]
    for name in signals.in_order():
        signal = signals.load(name)
        parts.append(f"## `{name}`: {signal.TITLE}\n\n{signal.TELLS} Method: {signal.PAPER}.\n")
        options = ", ".join(f"`{option}` ({usual:g})" for option, usual in signal.OPTIONS.items())
        parts.append(f"Options (`[signals.options.{name}]`): {options or 'none'}.\n")
        for table, schema in signal.TABLES.items():
            if table == "derived":
                parts.append("Adds derived events to `derived`.\n")
                continue
            rows = "\n".join(f"| `{f.name}` | {f.type} | {f.metadata[b'help'].decode()} |" for f in schema)
            parts.append(f"### `{table}`\n\n| column | type | meaning |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


# What every source says of itself --------------------------------------------------------------------

_BY = {"webhook": "webhook", "stream": "stream", "file": "file", "pull": "API pull"}
_LAYERS = ("device", "platform", "commerce", "media")


def _between(page: str, mark: str, body: str) -> str:
    """Return the page's text with what lies between the marks of that name replaced."""
    text = (HERE / page).read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(f"docs/{page}: no marks `<!-- {mark} -->` and `<!-- /{mark} -->`; put them in")
    return place.sub(lambda found: f"{found[1]}{body}\n{found[2]}", text)


def _came_by(source: sources.Source) -> str:
    return ", ".join(_BY[way] for way in source.TRANSPORTS)


def _tells(source: sources.Source) -> str:
    """Return what it can tell; what it tells sometimes is in brackets."""
    told = [f"({what})" if yes == "sometimes" else what for what, yes in source.TELLS.items() if yes != "no"]
    return ", ".join(told) or "none of the four"


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")


def landscape() -> str:
    """Return the README with the table of every system, by layer, that is read."""
    rows = []
    for layer in _LAYERS:
        known = [s for s in map(sources.load, sources.names()) if layer == s.LAYER]
        named = ", ".join(f"[{s.TITLE}](docs/sources/{s.PLATFORM}.md)" for s in known)
        rows.append(f"| {layer} | {named} |")
    return _between("../README.md", "sources", "| layer | systems |\n|---|---|\n" + "\n".join(rows))


def source_table() -> str:
    """Return the index of the sources' pages with what each module says of itself."""
    known = map(sources.load, sources.names())
    cells = ((f"[{s.TITLE}]({s.PLATFORM}.md)", _came_by(s), s.PROOF, s.STATE, _tells(s)) for s in known)
    rows = [f"| {' | '.join(map(_in_cell, row))} |" for row in cells]
    head = "| source | comes by | how a sender proves itself | state | tells |\n|---|---|---|---|---|\n"
    return _between("sources/README.md", "facts", head + "\n".join(rows))


def source_facts(name: str) -> str:
    """Return a source's page with the facts that its module tells."""
    source = sources.load(name)
    answers = ", ".join(f"{what}: {answer}" for what, answer in source.TELLS.items())
    facts = {
        "layer": source.LAYER,
        "comes by": _came_by(source),
        "a sender proves itself by": source.PROOF,
        "state": source.STATE,
        "tells": answers,
        "its own documentation": f"<{source.DOCS}>",
    }
    rows = "\n".join(f"| {what} | {_in_cell(told)} |" for what, told in facts.items())
    return _between(f"sources/{name}.md", "facts", f"| `{name}` | {source.TITLE} |\n|---|---|\n{rows}")


PAGES = {
    "cli.md": cli,
    "python.md": python,
    "settings.md": settings,
    "event.md": events,
    "signal-tables.md": signal_tables,
    "../README.md": landscape,
    "sources/README.md": source_table,
    **{f"sources/{name}.md": partial(source_facts, name) for name in sources.names()},
}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE / page).write_text(make(), encoding="utf-8")
