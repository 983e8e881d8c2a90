"""What `deploy/` holds is what systemd and a builder of containers understand."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hearthline.schema.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("the unit was not verified: systemd-analyze is not installed")
    unit = tmp_path / "hearthline.service"
    text = (DEPLOY / "hearthline.service").read_text()
    unit.write_text(text.replace("/opt/hearthline/bin/hearthline", sys.executable))
    done = subprocess.run([verify, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_image_shows_the_doors_that_the_settings_open_and_runs_as_nobody_special() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    settings = Settings()
    exposed = re.search(r"^EXPOSE (.*)$", text, re.MULTILINE)
    assert exposed is not None
    assert exposed[1].split() == [str(settings.serve.port), str(settings.serve.screens_port), "1883"]
    assert text.index("USER hearthline") < text.index("ENTRYPOINT")
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    assert all((DEPLOY.parent / name).exists() for line in copied for name in line.split())
