"""Other packages, each in an environment of its own: none of them is a dependency of Hearthline."""

import subprocess
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PACKAGES", "Package", "environment"]


@dataclass(frozen=True)
class Package:
    """Another package.

    Attributes:
        name: how its people call it.
        version: the one that is measured.
        needs: what pip is asked for.
    """

    name: str
    version: str
    needs: tuple[str, ...]


PACKAGES = {
    "channel_attribution": Package(
        "ChannelAttribution", "2.2.5", ("ChannelAttribution==2.2.5", "matplotlib")
    ),
    "dp6": Package("marketing-attribution-models", "2.1.1", ("marketing-attribution-models==2.1.1",)),
    "do_attribution": Package("do-attribution", "0.0.2", ("do-attribution==0.0.2",)),
    "mta": Package("mta", "0.0.9", ("mta==0.0.9",)),
}
"""By the name of their scripts in `peers`."""


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """Return the interpreter of an environment with the packages; made where the folder has none yet.

    Args:
        folder: where it lies, or will lie.
        packages: what pip is asked for.

    Raises:
        SystemExit: the packages cannot be installed, as where there is no network.
    """
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *packages]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(
                f"{' '.join(packages)}: could not be installed; other packages come from the package index, "
                f"which needs a network; pip says: {done.stderr.strip()[-1500:]}"
            )
        (folder / "installed").touch()
    return python
