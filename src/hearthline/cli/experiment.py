"""`hearthline experiment`."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

import hearthline as hl
from hearthline.cli._options import DEFAULT_HOME, HomeOption, JsonOption, at_home
from hearthline.cli._screen import print_json, results, show, table
from hearthline.schema import text
from hearthline.schema.errors import BadConfig

__all__ = ["experiment"]

experiment = typer.Typer(
    help="Design, start and read experiments; teach every model what they found.", no_args_is_help=True
)
_Name = Annotated[str, typer.Argument(metavar="NAME", help="The experiment's name.")]
_Channel = Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel to test.")]
_Off = Annotated[float, typer.Option("--off", metavar="PART", help="Part of the households that is off.")]
_Arms = Annotated[
    Path | None,
    typer.Option(
        "--arms",
        metavar="FILE",
        help="CSV: identifier and arm (on, off), region to draw regions, or both if others drew regions.",
    ),
]


def _day(given: str, option: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise BadConfig(f"{option}: {given!r} is no day; write it as 2026-03-31") from None


@experiment.command("design")
def design(
    channel: _Channel,
    *,
    off: _Off = 0.5,
    arms: _Arms = None,
    weeks: Annotated[int | None, typer.Option("--weeks", min=1, help="Show this duration as well.")] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Say how long an experiment must last, what it will see, and which channels to test first."""
    _print(hl.open_home(home).experiments.design(channel, off, arms, weeks), home, as_json=as_json)


@experiment.command("start")
def start(
    name: _Name,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="What is off in one arm.")],
    *,
    first: Annotated[
        str | None, typer.Option("--start", metavar="DAY", help="First day (UTC); default: tomorrow.")
    ] = None,
    weeks: Annotated[int, typer.Option("--weeks", min=1, help="How long it lasts.")] = 8,
    off: _Off = 0.5,
    arms: _Arms = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Put every household into an arm by a stable lot, or read a list of who is in which."""
    from datetime import UTC, timedelta

    begin = _day(first, "--start") if first else datetime.now(UTC).date() + timedelta(days=1)
    end = begin + timedelta(days=7 * weeks - 1)
    planned = hl.open_home(home).experiments.start(name, channel, begin, end, off, arms)
    show(f"{name}: {channel} is off in {planned.off:.0%} of the {planned.by}s from {begin} to {end}.")
    if not planned.given:
        show(f"next: hearthline experiment assign {name} --csv {name}.csv --home {home}")
    else:
        show(f"next: hearthline run --home {home}, then hearthline experiment analyse {name} --home {home}")


@experiment.command("assign")
def assign(
    name: _Name,
    *,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Where to write it; default: standard output."),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", metavar="NAME", help="Identifiers of this kind only.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Tell whoever shows the channel which identifiers are on and off, as CSV."""
    import pyarrow.compute as pc
    from pyarrow.csv import write_csv

    rows = hl.open_home(home).experiments.arms(name)
    if namespace is not None:
        rows = rows.filter(pc.equal(rows["namespace"], namespace))
    told = rows.select(["identifier", "arm"])
    if csv is None:
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        write_csv(told, sink)
        typer.echo(sink.getvalue().to_pybytes().decode(), nl=False)
        return
    write_csv(told, csv)
    counts = {arm: pc.sum(pc.equal(told["arm"], arm)).as_py() or 0 for arm in ("on", "off")}
    show(f"wrote {csv}: {text.plural(counts['on'], 'identifier')} on, {text.count(counts['off'])} off")


@experiment.command("analyse")
def analyse(name: _Name, *, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show what an experiment found so far; one may look every day."""
    _print(hl.open_home(home).experiments.analyse(name), home, as_json=as_json)


@experiment.command("stop")
def stop(
    name: _Name,
    *,
    day: Annotated[
        str | None,
        typer.Option("--day", metavar="DAY", help="Last day that counts (UTC); default: yesterday."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """End an experiment early; its doubt then allows for having looked."""
    last = _day(day, "--day") if day else None
    planned = hl.open_home(home).experiments.stop(name, last)
    show(f"{name} ends on {planned.stopped}. Models learn from it in the next `hearthline run`.")


@experiment.command("import")
def import_lifts(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: channel, start, end, lift, low, high.")],
    *,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Keep lifts that others measured; every model learns from them in the next run."""
    lifts = hl.open_home(home).experiments.add_lifts(file)
    channels = ", ".join(dict.fromkeys(lift.channel for lift in lifts))
    show(
        f"kept {text.plural(len(lifts), 'lift')} of {channels}. They count from the next `hearthline run` on."
    )


@experiment.command("drop")
def drop(name: _Name, *, home: HomeOption = DEFAULT_HOME) -> None:
    """Forget imported lifts by their name."""
    gone = hl.open_home(home).experiments.drop_lift(name)
    show(f"forgot {text.plural(gone, 'lift')} named {name}")


@experiment.command("calibrate")
def calibrate(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show every model's credit after it has learned from all lifts (the report `calibrated`)."""
    _print(hl.open_home(home).report("calibrated").figure, home, as_json=as_json)


@experiment.command("list")
def listed(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """List the experiments and the imported lifts."""
    from dataclasses import asdict

    book = hl.open_home(home).experiments.book()
    if as_json:
        print_json({k: [asdict(x) for x in getattr(book, k)] for k in ("experiments", "lifts")})
        return
    rows = [
        (p.name, p.channel, f"{p.start} to {p.stopped or p.end}", f"off in {p.off:.0%} of {p.by}s")
        for p in book.experiments
    ]
    rows += [(x.name, x.channel, f"{x.start} to {x.end}", "imported lift") for x in book.lifts]
    if not rows:
        show(f"no experiment yet; next: hearthline experiment design CHANNEL{at_home(home)}")
        return
    results().print(table(("experiment", "channel", "days", "what"), rows))


def _print(figure: "hl.Figure", home: Path, *, as_json: bool) -> None:
    from hearthline import render

    if as_json:
        print_json(render.to_json(figure))
    else:
        render.to_terminal(figure, results(), at_home(home))
