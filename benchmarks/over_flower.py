"""A federated fit through a real Flower network on this machine: one SuperLink, and SuperNodes with homes."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path

import numpy as np

from environments import environment
from hearthline.attribution import Terms
from hearthline.schema.journey import Floats, Journeys

__all__ = ["Carried", "carried", "flower"]

HERE = Path(__file__).parent
APP, LOCK, SOURCES = HERE / "flower", HERE.parent / "requirements" / "federated.lock", HERE.parent / "src"


@dataclass(frozen=True)
class Carried:
    """What came of a fit through Flower.

    Attributes:
        mu: (strata,) rates.
        gamma: (channels, features) rates.
        numbers: (rounds,) how many numbers each node sent.
    """

    mu: Floats
    gamma: Floats
    numbers: list[int]


def flower(folder: Path) -> Path:
    """Return an interpreter with the packages of the extra `federated`, made in the folder once a lock.

    Raises:
        SystemExit: they cannot be installed, as where there is no network.
    """
    own = folder / sha256(LOCK.read_bytes()).hexdigest()[:12]
    return environment(own, ["--require-hashes", "--no-deps", "-r", str(LOCK)])


def carried(
    python: Path, nodes: Sequence[Journeys], terms: Terms, folder: Path, privately: int = 0
) -> Carried:
    """Return the fit to journeys that lie at nodes of a Flower network, which is started and stopped here.

    Args:
        python: an interpreter that has Flower and what Hearthline needs.
        nodes: the journeys of each node's homes.
        terms: what everybody agrees on.
        folder: for the nodes' files and Flower's own.
        privately: rounds of a fit with clipping and without noise; 0: the usual fit.

    Raises:
        SystemExit: the run failed; the message ends with what Flower logged.
    """
    out, link, env = folder / "found.npz", _port(), _environment(python, folder)
    config = folder / "flwr" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[superlink.here]\naddress = "{link}"\ninsecure = true\n')
    given = {"nodes": len(nodes), "privately": privately, **asdict(terms)}
    settings = " ".join([f'out="{out}"', *(f"{name}={value}" for name, value in given.items())])
    with ExitStack() as started:
        host, port = link.split(":")
        door = ["--host", host, "--port", port, "--disable-runtime-dependency-installation"]
        started.enter_context(_running(["flower-superlink", "--insecure", *door], folder / "link.log", env))
        _reached(link)
        for number, journeys in enumerate(nodes):
            file = folder / f"homes-{number}.npz"
            _keep(journeys, file)
            own = ["--port", _port().split(":")[1], "--node-config", f'homes="{file}"']
            command = ["flower-supernode", "--insecure", "--superlink", link, *own]
            started.enter_context(_running(command, folder / f"node-{number}.log", env))
        command = ["flwr", "run", str(APP), "here", "--stream", "--run-config", settings]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=3600)
    if not out.exists():
        logs = [done.stdout, done.stderr, *(log.read_text() for log in sorted(folder.glob("*.log")))]
        raise SystemExit("the fit through Flower failed: " + "\n".join(text[-1500:] for text in logs))
    with np.load(out) as found:
        return Carried(found["mu"], found["gamma"], found["numbers"].tolist())


def _environment(python: Path, folder: Path) -> dict[str, str]:
    """Return the variables of Flower's processes: nothing is told to its makers, no file lies at home."""
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **usual,
        "FLWR_HOME": str(folder / "flwr"),
        "FLWR_SUPEREXEC_TASK_POLL_INTERVAL": "0.05",
        "FLWR_SUPERGRID_API_URL": "http://127.0.0.1:9",  # where it would ask for newer versions
        "FLWR_TELEMETRY_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(SOURCES),
    }


def _port() -> str:
    """Return an address of this machine that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"


def _reached(address: str) -> None:
    """Return once somebody listens there."""
    host, port = address.split(":")
    for _ in range(600):
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=1.0):
            return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens at {address}; see whether flower-superlink starts by itself")


def _keep(journeys: Journeys, file: Path) -> None:
    dense = {name: getattr(journeys, name).toarray() for name in ("strata_h", "expired")}
    np.savez(file, **{f.name: getattr(journeys, f.name) for f in fields(journeys)} | dense)


@contextmanager
def _running(command: Sequence[str], log: Path, env: dict[str, str]) -> Iterator[None]:
    """Keep a command running for a while, what it says in a file."""
    with log.open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=env)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
