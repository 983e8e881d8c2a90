"""What went wrong, as a message with a cure and an exit code."""

import os
import re
import sys
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, NamedTuple

import typer
from rich.text import Text

from hearthline.schema.errors import BadConfig, HearthlineError, UnknownName

__all__ = ["exit_code", "told"]


def _refusal() -> Any:
    """Return what all refusals of a command line are: typer's, or click's where typer is built on it."""
    try:
        from typer.exceptions import TyperException
    except ModuleNotFoundError:  # typer before it took click's parts into itself
        from click import ClickException

        return ClickException
    return TyperException


_REFUSAL = _refusal()
UNUSABLE, WRONG_USE, STOPPED = 1, 2, 130
_WRONG_USE = (BadConfig, UnknownName)


def told(error: HearthlineError) -> tuple[str, str, str]:
    """Return an error's code, what was wrong, and the cure: its own, and a near name where there is one.

    >>> told(UnknownName("reports: no report named 'overveiw'; choose one of overview, paths"))[1:]
    ("reports: no report named 'overveiw'", 'did you mean `overview`? choose one of overview, paths')
    """
    code = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
    wrong, _, cure = str(error).rpartition("; ")
    if not wrong:
        return code, cure, ""
    near = _near(wrong, cure)
    return code, wrong, f"did you mean `{near}`? {cure}" if near else cure


def _near(wrong: str, cure: str) -> str | None:
    named = re.search(r"'([^']+)'$", wrong)
    _, _, choices = cure.partition("one of ")
    if named is None or not choices:
        return None
    found = get_close_matches(named[1], re.split(r", | or ", choices), 1, 0.6)
    return found[0] if found else None


def exit_code(command: Callable[[], Any]) -> int:
    """Return the exit code of a command, having told on standard error what went wrong."""
    try:
        code = command()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has left; the interpreter's last flush must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 # a defect must not end in a traceback
        message = _message(error)
    else:
        if code != STOPPED:
            return int(code or 0)
        message = _STOPPED
    if message.code:
        _say(message)
    return message.exit_code


class _Message(NamedTuple):
    code: str
    wrong: str
    cure: str
    exit_code: int


_STOPPED = _Message(
    "stopped", "stopped before it was done", "the last good answer is still there; run it again", STOPPED
)


_HELPED = _Message("", "", "", WRONG_USE)
"""A command that only has others was called alone: its help was printed, and says all there is to say."""


def _message(error: BaseException) -> _Message:
    if isinstance(error, HearthlineError):
        return _Message(*told(error), WRONG_USE if isinstance(error, _WRONG_USE) else UNUSABLE)
    if isinstance(error, _REFUSAL) and not error.format_message().strip():
        return _HELPED
    if isinstance(error, _REFUSAL):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "hearthline"
        return _Message("usage", error.format_message().rstrip("."), f"{path} --help", error.exit_code)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return _STOPPED
    if isinstance(error, OSError):
        wrong = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _Message("system", wrong, "", UNUSABLE)
    return _defect(error)


def _defect(error: BaseException) -> _Message:
    """Return what is said of a defect: its place, and never its message, which may hold personal data."""
    if os.environ.get("HEARTHLINE_TRACEBACK"):
        traceback.print_exception(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{where.filename.rpartition('hearthline')[2].lstrip('/')}:{where.lineno}"
    cure = "this is a defect of Hearthline; HEARTHLINE_TRACEBACK=1 shows more, please report it"
    return _Message("defect", f"{type(error).__name__} at {place}", cure, UNUSABLE)


def _say(message: _Message) -> None:
    from hearthline.cli._screen import messages

    console = messages()
    console.print(
        Text.assemble((f"error[{message.code}]", "bold red"), (f": {message.wrong}", "bold")), soft_wrap=True
    )
    if message.cure:
        console.print(Text.assemble(("help", "bold cyan"), f": {message.cure}"), soft_wrap=True)
