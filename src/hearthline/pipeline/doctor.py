"""What is well and what is ill about a home and the machine under it, each with its cure."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from hearthline.files import check_mapping
from hearthline.pipeline.credit import chosen_models
from hearthline.schema.errors import HearthlineError, HomeBusy, HomeDamaged
from hearthline.store.answer import PublishedAnswer
from hearthline.store.config import load_settings
from hearthline.store.damage import broken_files
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake

__all__ = ["Check", "doctor"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `state` is `ok`, `note` or `ill`; `cure` says what to do."""

    name: str
    state: Literal["ok", "note", "ill"]
    found: str
    cure: str = ""


def doctor(home: HomeFolder) -> list[Check]:
    """Return all checks of a home; changes nothing."""
    return [*_machine(), *_settings(home), *_lake(home), *_answer(home), *_pen(home)]


def _machine() -> Iterator[Check]:
    yield Check("python", "ok", sys.version.split()[0])
    java = shutil.which("java")
    if find_spec("pyspark") is None:
        yield Check(
            "spark", "note", "pyspark is not installed", "only needed for it: pip install 'hearthline[spark]'"
        )
    elif java is None:
        yield Check("spark", "note", "no Java found", "only needed for it: install Java 17 or newer")
    else:
        yield Check("spark", "ok", "pyspark and Java are here")
    if find_spec("jax") is None:
        cure = "only needed for attention_hazard: pip install 'hearthline[neural]'"
        yield Check("neural", "note", "JAX is not installed", cure)
    else:
        yield Check("neural", "ok", "JAX is here")


def _settings(home: HomeFolder) -> Iterator[Check]:
    try:
        settings = load_settings(home.settings_file)
        chosen_models(settings.attribution)
        check_mapping(settings.map, "[map]")
    except HearthlineError as error:
        yield Check("settings", "ill", str(error), "mend the line")
    else:
        yield Check("settings", "ok", "hearthline.toml" if home.settings_file.exists() else "all defaults")


def _lake(home: HomeFolder) -> Iterator[Check]:
    lake = Lake(home.lake)
    try:
        broken = broken_files(lake)
    except HomeDamaged as error:
        wrong, _, cure = str(error).rpartition("; ")
        yield Check("lake", "ill", wrong, cure)
        return
    except HearthlineError as error:
        yield Check("lake", "ill", str(error), "use the version that wrote it, or newer")
        return
    if broken:
        cure = "bring them back from a backup, or read the inputs into a new home"
        wrong = f"{len(broken)} files are gone or cut short, the first {broken[0].name}"
        yield Check("lake", "ill", wrong, cure)
    else:
        yield Check("lake", "ok", f"{lake.rows('events')} events in {len(lake.files('events'))} files")
    strays = lake.strays()
    if strays:
        yield Check(
            "strays",
            "note",
            f"{len(strays)} files of a killed process",
            "never read; go by themselves after a day",
        )
    free = shutil.disk_usage(home.path).free
    low = free < 2 * 1024**3
    yield Check("disk", "ill" if low else "ok", f"{free // 1024**2} MiB free", "make room" if low else "")


def _answer(home: HomeFolder) -> Iterator[Check]:
    try:
        answer = PublishedAnswer(home)
        counted = answer.table("SELECT events + duplicates AS n FROM run").to_pylist()[0]["n"]
        behind = Lake(home.lake).rows("events") - counted
    except HomeDamaged as error:
        wrong, _, cure = str(error).rpartition("; ")
        yield Check("answer", "ill", wrong, cure)
        return
    except HearthlineError as error:
        yield Check("answer", "note", str(error), "hearthline run")
        return
    answer.close()
    if behind > 0:
        yield Check("answer", "note", f"{behind} events came after it", "hearthline run")
    else:
        yield Check("answer", "ok", f"run {answer.about['run']} is up to date")


def _pen(home: HomeFolder) -> Iterator[Check]:
    try:
        with home.writing():
            yield Check("writer", "ok", "nobody is writing")
    except HomeBusy:
        yield Check("writer", "note", "another process is writing", "wait for it")
