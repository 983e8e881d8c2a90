"""The command line: one file a command.

Results go to standard output, messages and progress to standard error. Exit codes: 0 a usable answer,
also with rejects; 1 no usable answer, or rejects under `--strict`; 2 wrong use; 130 stopped by Ctrl-C.
"""

import sys
from importlib import import_module

import typer

from hearthline.cli import _errors
from hearthline.cli.version import VersionOption

__all__ = ["COMMANDS", "app", "main"]

COMMANDS = {
    "Start here": ("demo", "run", "init"),
    "Read the answer": ("dashboard", "report", "explain", "sql", "backtest"),
    "Keep it running": ("serve", "bridge", "keys", "compact", "rebuild", "forget"),
    "Find out what is true": ("experiment", "compare", "plan"),
    "Who is who": ("link", "unmerge", "match"),
    "Look inside": ("add", "map", "events", "rejects", "doctor", "config"),
    "What there is": ("models", "sources", "truth", "version"),
}

app = typer.Typer(
    name="hearthline",
    help="What made this household buy, and how sure are we?",
    epilog="Start with `hearthline demo`, or with your own files: `hearthline run events.csv orders.csv`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _any(*, version: VersionOption = False) -> None:
    pass


def _register() -> None:
    for panel, names in COMMANDS.items():
        for name in names:
            command = getattr(import_module(f"{__name__}.{name}"), name)
            if isinstance(command, typer.Typer):
                app.add_typer(command, name=name, rich_help_panel=panel)
            else:
                app.command(name, rich_help_panel=panel)(command)


_register()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; errors become messages, never tracebacks."""
    sys.exit(_errors.exit_code(lambda: app(arguments, standalone_mode=False, prog_name="hearthline")))
