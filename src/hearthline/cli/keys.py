"""`hearthline keys`."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, cast

import typer

from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption
from hearthline.cli._screen import print_json, results, show, table
from hearthline.schema import text
from hearthline.schema.errors import BadConfig

if TYPE_CHECKING:
    from pathlib import Path

    from hearthline.server.keys import Key, Keyring, Scope

__all__ = ["keys"]

keys = typer.Typer(
    help="Make, list, rotate and revoke keys of senders, readers and platforms, and of the hashes.",
    no_args_is_help=True,
)
_Secret = Annotated[
    bool,
    typer.Option(
        "--secret",
        help="Keep the secret that the platform signs with; asked for, or read from standard input.",
    ),
]
_Write = Annotated[bool, typer.Option("--write", help="Make a write key also where the platform signs.")]
_Own = Annotated[bool, typer.Option("--own", help="Take a key that senders have already.")]
_Name = Annotated[str, typer.Argument(metavar="KEY", help="Its short name, as `keys list` shows it.")]


@keys.command("add")
def add(
    platform: Annotated[
        str | None,
        typer.Argument(
            metavar="PLATFORM", help="The source that it opens; `any`: every one.", show_default=False
        ),
    ] = None,
    *,
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="Of which account.")] = "-",
    secret: _Secret = False,
    write: _Write = False,
    own: _Own = False,
    read: Annotated[
        list[str] | None,
        typer.Option("--read", metavar="SCOPE", help="Make a read token: read, identifiers, write."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", min=0.1, metavar="N", help="Requests a second at most.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a key and print it, once; or keep a platform's secret."""
    ring = _ring(home)
    if read:
        made, shown = ring.add("read", scopes=_scopes(read))
    elif platform is None:
        raise BadConfig("keys add: no platform; name a source, `any`, or a scope with --read; see --help")
    elif secret or (_signs(platform) and not write and not own):
        made, shown = ring.add("secret", _known(platform), account, own=_asked(f"secret of {platform}"))
        show(f"kept the secret of {platform} as {made.id}")
        return
    else:
        brought = _asked("key") if own else None
        made, shown = ring.add("write", _known(platform), account, own=brought, requests_per_second=rate)
    _print_once(made, shown)


@keys.command("list")
def list_keys(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the keys that are valid: never the keys themselves."""
    rows = [
        {
            "key": key.id,
            "kind": key.kind,
            "platform": key.platform,
            "account": key.account,
            "scopes": list(key.scopes),
            "made": key.made,
            "until": key.until,
            "rate": key.requests_per_second,
        }
        for key in _ring(home).all()
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        show("no keys yet; make one: hearthline keys add PLATFORM")
        return
    heads = ("key", "kind", "platform", "account", "scopes", "made", "until")
    results().print(table(heads, [[_cell(row[head]) for head in heads] for row in rows]))


@keys.command("rotate")
def rotate(
    name: _Name,
    *,
    days: Annotated[
        float,
        typer.Option("--days", min=0.0, max=365.0, metavar="N", help="For how long the old one is good."),
    ] = 7.0,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a key with the rights of an old one, which stays good for some days."""
    ring = _ring(home)
    kept = ring.named(name).kind == "secret"
    own = _asked("new secret") if kept else None
    made, shown = ring.rotate(name, timedelta(days=days), own)
    if kept:
        show(f"kept the new secret as {made.id}; {name} is good for {days:g} more days")
        return
    show(f"{name} is good for {days:g} more days")
    _print_once(made, shown)


@keys.command("revoke")
def revoke(name: _Name, *, home: HomeOption = DEFAULT_HOME) -> None:
    """Make a key invalid at once; a running server knows it within a second."""
    _ring(home).revoke(name)
    show(f"{name} opens nothing any more")


@keys.command("hash")
def list_hash_keys(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the keys with which personal identifiers are hashed, by their ids."""
    import hearthline as hl

    rows = [
        {"key": k.id, "current": k.current, "rotated": k.rotated, "not seen since": k.not_seen_since}
        for k in hl.open_home(home).hash_keys()
    ]
    if as_json:
        print_json(rows)
        return
    results().print(table(tuple(rows[0]), [[_cell(value) for value in row.values()] for row in rows]))


@keys.command("rotate-hash")
def rotate_hash(*, home: HomeOption = DEFAULT_HOME) -> None:
    """Hash personal identifiers with a new key; the old one stays valid, and everybody who they were."""
    import hearthline as hl

    opened = hl.open_home(home)
    old = opened.hash_keys()[0].id
    show(f"{opened.rotate_hash_key()} hashes what comes from now on; {old} stays valid")
    show(f"once enough have come again, destroy it: hearthline keys destroy-hash {old}")


@keys.command("destroy-hash")
def destroy_hash(
    name: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `keys hash` shows it.")],
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without this, only say what it would leave.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Destroy the oldest key of the hashes, for good: what is stored stays, and stays linked."""
    import hearthline as hl

    done = hl.open_home(home).destroy_hash_key(name, dry_run=not yes)
    left = text.plural(done.left, "personal identifier")
    show(
        f"{left} not seen since it was rotated: their values in clear are not recognised without it, "
        "neither when they come again nor by forget, link or explain"
    )
    if yes:
        show(f"{name} is destroyed, and {text.plural(done.dropped, 'pair')} with it that joined nothing")
    else:
        show("nothing was changed; add --yes to destroy it")


def _ring(home: "Path") -> "Keyring":
    from hearthline.server.keys import Keyring
    from hearthline.store.home import HomeFolder

    return Keyring(HomeFolder.create(home).path)


def _known(platform: str) -> str:
    from hearthline import sources
    from hearthline.server.keys import ANY

    if platform in ("any", ANY):
        return ANY
    sources.load(platform)
    return platform


def _signs(platform: str) -> bool:
    """Return whether the platform proves itself by a signature, and has no clients with a key of ours."""
    from hearthline import sources

    if platform in ("any", "*"):
        return False
    source = sources.load(platform)
    return hasattr(source, "verify") and not getattr(source, "CLIENT_PATHS", ())


def _scopes(given: list[str]) -> "tuple[Scope, ...]":
    from hearthline.server.keys import SCOPES

    unknown = [s for s in given if s not in SCOPES]
    if unknown:
        raise BadConfig(f"--read: no scope named {unknown[0]!r}; choose one of {', '.join(SCOPES)}")
    return tuple(s for s in SCOPES if s in given)


def _asked(what: str) -> str:
    """Return a secret from the terminal, unseen, or the first line of standard input."""
    if sys.stdin.isatty():
        return cast("str", typer.prompt(what, hide_input=True, err=True)).strip()
    line = sys.stdin.readline().strip()
    if not line:
        raise BadConfig(f"keys: no {what} on standard input; pipe it in, or run it on a terminal")
    return line


def _print_once(made: "Key", shown: str) -> None:
    show(f"this is {made.id}; it is shown once and kept only as a hash:")
    sys.stdout.write(shown + "\n")


def _cell(value: object) -> str:
    if value is None or value == []:
        return "–"
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "strftime") else str(value)
