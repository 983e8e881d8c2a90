"""Takes the pictures of the nine screens in `docs/screens/` (`make screenshots`): light, dark, on a phone.

A simulated town is shown by `hearthline dashboard` and looked at in Chromium; `--home` shows another home.
"""

import argparse
import base64
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from hearthline.server.dashboard.screens import SCREENS

__all__ = ["LOOKS", "SCREENS", "shown"]

HERE = Path(__file__).parent / "screens"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 860}, "device_scale_factor": 1.5},
    "dark": {"viewport": {"width": 1280, "height": 860}, "device_scale_factor": 1.5, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}
_PACKED = """([png, quality]) => new Promise((done) => {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    done(canvas.toDataURL("image/webp", quality).split(",")[1]);
  };
  image.src = "data:image/png;base64," + png;
})"""


@contextmanager
def shown(home: Path) -> Iterator[str]:
    """Give the address of a dashboard of the home, in a process of its own, with all its figures made."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "hearthline", "dashboard", "--home", str(home), "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            for _ in range(600):
                try:
                    urlopen(url + "/trust", timeout=60).close()  # noqa: S310
                    break
                except URLError:
                    time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def _paths(page: Any, url: str) -> dict[str, str]:
    """Return each screen's address; of a household the one whose devices are shared, where there is one."""
    paths = {s.key: s.path for s in SCREENS}
    page.goto(url + "/household")
    homes = [a.get_attribute("href") for a in page.query_selector_all('.cards a[href^="/household/"]')]
    return paths | ({"household": homes[0]} if homes else {})


def _take(url: str) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("screens: no Chromium; on Debian and Ubuntu: apt-get install chromium")
    HERE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--hide-scrollbars"]
        )
        packer = browser.new_page()
        paths = _paths(packer, url)
        packer.goto("about:blank")
        for look, how in LOOKS.items():
            context = browser.new_context(**how)
            for key, path in paths.items():
                page = context.new_page()
                page.goto(url + path)
                page.wait_for_timeout(500)
                png = base64.b64encode(page.screenshot()).decode()
                body = base64.b64decode(packer.evaluate(_PACKED, [png, 0.6]))
                (HERE / f"{key}-{look}.webp").write_bytes(body)
                page.close()
            context.close()
        browser.close()


def _main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--home", type=Path, help="a home with an answer; default: a demo's")
    home = wanted.parse_args().home
    with TemporaryDirectory(prefix="hearthline-screens-") as folder:
        if home is None:
            home = Path(folder) / "hearthline-demo"
            command = [sys.executable, "-m", "hearthline", "demo", "--home", str(home)]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
        with shown(home) as url:
            _take(url)


if __name__ == "__main__":
    _main()
