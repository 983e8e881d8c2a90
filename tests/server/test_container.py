"""The container's file, step by step without a builder of containers: installed, run as nobody special, healthy.

Its steps are read from the file and done in a folder of their own; what they would fetch from a registry is
taken from where the tests run.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest
import requests
from packaging.requirements import Requirement

from .conftest import free_port, until

ROOT = Path(__file__).parents[2]
STEPS = re.findall(
    r"^([A-Z]+) (.*)$", (ROOT / "deploy/Containerfile").read_text().replace("\\\n", " "), re.MULTILINE
)


def steps(name: str) -> list[str]:
    """Return what stands behind each instruction of a name, in order."""
    return [rest for found, rest in STEPS if found == name]


NOBODY = int(re.findall(r"useradd .*--uid (\d+)", " ".join(steps("RUN")))[0])


AS: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@cache
def reaches(python: str) -> bool:
    """Return whether the image's user can run an interpreter; no, where the tests cannot become that user."""
    try:
        done = subprocess.run([python, "-c", ""], check=False, capture_output=True, cwd="/", **AS)
    except OSError:
        return False
    return not done.returncode


def interpreter() -> str:
    """Return our interpreter, or another one of its version that the image's user reaches."""
    base = getattr(sys, "_base_executable", sys.executable)
    same = shutil.which("python{}.{}".format(*sys.version_info[:2]), path="/usr/local/bin:/usr/bin")
    return same if same is not None and reaches(same) and not reaches(base) else base


class Image:
    """What the file makes, in a folder: `/opt/hearthline` and the volume `/data`."""

    def __init__(self, folder: Path) -> None:
        self.prefix, self.data = folder / "opt/hearthline", folder / "data"
        self._built(folder / "src")
        self.data.mkdir()
        if self.other_user():
            os.chown(self.data, NOBODY, NOBODY)

    def _built(self, source: Path) -> None:
        """Do the first stage: copy, make the environment, install."""
        source.mkdir(parents=True)
        for line in steps("COPY")[:2]:
            *names, target = line.split()
            for name in names:
                if (ROOT / name).is_dir():
                    shutil.copytree(
                        ROOT / name, source / target, ignore=shutil.ignore_patterns("__pycache__")
                    )
                else:
                    shutil.copy(ROOT / name, source / target)
        (told,) = (run for run in steps("RUN") if "pip install" in run)
        assert told == (
            "python -m venv /opt/hearthline && /opt/hearthline/bin/pip install --no-cache-dir '.[serve]'"
        )
        subprocess.run([interpreter(), "-m", "venv", "--without-pip", str(self.prefix)], check=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(self.python)]
        install = ["install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", str(source)]
        site = Path(sysconfig.get_paths()["purelib"])
        build = os.environ | {"PYTHONPATH": str(site)}  # where the builder of wheels is
        done = subprocess.run([*pip, *install], capture_output=True, text=True, check=False, env=build)
        assert done.returncode == 0, done.stderr
        self.site = next(self.prefix.glob("lib/python*/site-packages"))
        (self.site / "registry.pth").write_text(f"{site}\n")

    @property
    def python(self) -> Path:
        """The interpreter of the image."""
        return self.prefix / "bin/python"

    def other_user(self) -> bool:
        """Return whether the tests may become the image's user, and that user reaches the interpreter."""
        return reaches(str(self.python))

    def told(self, command: list[str], ports: dict[str, int]) -> list[str]:
        """Return a command of the file with this image's paths and free ports."""
        moved = [re.sub("^/opt/hearthline", str(self.prefix), c) for c in command]
        moved = [re.sub("^/data", str(self.data), c) for c in moved]
        for usual, port in ports.items():
            moved = [c.replace(f":{usual}/", f":{port}/") for c in moved]
        return moved

    def begun(self, command: list[str], ports: dict[str, int] | None = None) -> subprocess.Popen[str]:
        """Start a command as the image's user, with an environment that knows nothing of ours."""
        more = {"HOME": str(self.data), "NO_PROXY": "127.0.0.1", "PATH": "/usr/bin:/bin"}
        who = AS if self.other_user() else {}
        return subprocess.Popen(
            self.told(command, ports or {}),
            env=more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **(who | {"cwd": self.data}),
        )

    def said(self, command: list[str], ports: dict[str, int] | None = None) -> str:
        """Return what a command says that ends well."""
        process = self.begun(command, ports)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, out + error
        return out


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image, where another user can reach it."""
    with tempfile.TemporaryDirectory(prefix="hearthline-image-") as folder:
        Path(folder).chmod(0o755)
        yield Image(Path(folder))


ENTRY: list[str] = json.loads(steps("ENTRYPOINT")[-1])
COMMAND: list[str] = json.loads(steps("CMD")[-1])


def test_what_it_installs_is_all_that_serving_needs(image: Image) -> None:
    (metadata,) = image.site.glob("hearthline-*.dist-info")
    needed = PathDistribution(metadata).requires or []
    wanted = [Requirement(line) for line in needed]
    names = [w.name for w in wanted if w.marker is None or w.marker.evaluate({"extra": "serve"})]
    assert {"granian", "starlette", "duckdb", "pyarrow"} <= set(names)
    script = "import importlib, sys; [importlib.import_module(n) for n in sys.argv[1:]]; import hearthline; "
    modules = [n.replace("-", "_").replace("paho_mqtt", "paho.mqtt") for n in names]
    where = image.said([str(image.python), "-c", script + "print(hearthline.__file__)", *modules])
    assert Path(where.strip()).is_relative_to(image.prefix), "the wheel of the image, not the tests' own code"


def test_it_serves_as_its_user_and_is_healthy_and_ends_when_told(image: Image) -> None:
    added = image.said([*ENTRY, "keys", "add", "any", "--home", "/data/home"])
    (key,) = re.findall(r"hl_w_\S+|[A-Za-z0-9_-]{40,}", added)[:1]
    ports = {"8310": free_port(), "8311": free_port()}
    asked = ["--port", str(ports["8310"]), "--screens-port", str(ports["8311"])]
    server = image.begun([*ENTRY, *COMMAND, *asked])
    try:
        url = f"http://127.0.0.1:{ports['8310']}"
        check: list[str] = json.loads(steps("HEALTHCHECK")[0].partition("CMD ")[2])
        until(lambda: answered(f"{url}/healthz") == 200 or server.poll() is not None, 30.0)
        assert server.poll() is None, server.communicate()
        until(lambda: answered(f"{url}/readyz") == 200, 30.0)
        image.said(check, ports)
        call = {"type": "track", "event": "Product Viewed", "userId": "u1", "messageId": "m1"}
        assert requests.post(f"{url}/in/segment", json=call, timeout=10).status_code == 401
        told = requests.post(f"{url}/in/segment", json=call, auth=(key, ""), timeout=10)
        assert (told.status_code, told.json()["accepted"]) == (200, 1)
        if image.other_user():
            assert (image.data / "home/log").stat().st_uid == NOBODY
    finally:
        server.send_signal(getattr(signal, steps("STOPSIGNAL")[0]))
        out, error = server.communicate(timeout=60)
    assert server.returncode == 0, out + error


def test_its_user_may_write_into_the_volume_only(image: Image) -> None:
    if not image.other_user():
        pytest.skip(
            "whether the image's user writes elsewhere was not tried: the tests cannot become that user"
        )
    script = "import os, sys; print([p for p in sys.argv[1:] if os.access(p, os.W_OK)])"
    places = [str(image.prefix), str(image.site), str(image.prefix / "bin/hearthline"), "/data"]
    found = image.said([str(image.python), "-c", script, *places])
    assert found.strip() == str([str(image.data)])


def answered(url: str) -> int:
    """Return the status of an answer; 0 where nobody answers."""
    try:
        return requests.get(url, timeout=2).status_code
    except requests.RequestException:
        return 0
