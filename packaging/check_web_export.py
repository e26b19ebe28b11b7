"""Opens the web page of an exported model in a real browser, from the disk, gives it real pictures, and holds its answers
against the app's.

    python packaging/check_web_export.py                        makes a page of the picture starter and asks it
    python packaging/check_web_export.py --page P --model M     a page that was exported before, of the model M

Needs Chromium (Debian: apt-get install chromium). It is spoken to over two pipes (the DevTools protocol), so nothing listens.
Ends with 0 when every first answer is the same and no share differs by more than --most.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
_SECONDS = 120


class Browser:
    """One page of a Chromium without a screen."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        self.asked_for: list[str] = []
        self.said: list[str] = []

    def open(self, address: str) -> None:
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "DOM", "Network", "Log"):
            self(f"{domain}.enable")
        self("Page.navigate", url=address)

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer; what the page reports meanwhile is kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            found = self._next()
            if found.get("id") == number:
                if "error" in found:
                    raise RuntimeError(f"{method}: {found['error']}")
                answer: dict[str, Any] = found.get("result", {})
                return answer
            self._note(found)
        raise TimeoutError(method)

    def value(self, expression: str) -> Any:
        found = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"])[:1000])
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        until = time.monotonic() + _SECONDS
        while not self.value(expression):
            if time.monotonic() > until:
                raise TimeoutError(expression)
            time.sleep(0.05)

    def give_file(self, selector: str, file: Path) -> None:
        """As a person chooses one."""
        root = self("DOM.getDocument")["root"]["nodeId"]
        node = self("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    def picture(self, dark: bool = False) -> bytes:
        """PNG of the whole page."""
        self(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        made = self("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(made["data"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            got = os.read(self._read, 1 << 16)
            if not got:
                raise RuntimeError("the browser ended")
            self._rest += got
        first, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(first)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        given = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.asked_for.append(given["request"]["url"][:80])
        elif event.get("method") == "Runtime.consoleAPICalled":
            self.said.append(" ".join(str(a.get("value", a.get("description", ""))) for a in given["args"]))
        elif event.get("method") == "Log.entryAdded":
            self.said.append(given["entry"]["text"])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises: RuntimeError when there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise RuntimeError("There is no Chromium: apt-get install chromium.")
    into_read, into_write = os.pipe()
    out_read, out_write = os.pipe()

    def as_three_and_four() -> None:
        a, b = os.dup(into_read), os.dup(out_write)
        os.dup2(a, 3)
        os.dup2(b, 4)

    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [found, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
             "--disable-dev-shm-usage", f"--user-data-dir={home}", "--window-size=900,1100",
             # Nothing but the disk: a page that asks for anything else fails.
             "--host-resolver-rules=MAP * ~NOTFOUND"],
            preexec_fn=as_three_and_four, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield Browser(into_write, out_read)
        finally:
            process.terminate()
            process.wait(timeout=20)


def a_page(folder: Path) -> tuple[Path, str]:
    """The picture starter itself (a thousand classes) as a page."""
    from workbench.catalog.catalog import Catalog
    from workbench.control import Control
    from workbench.engine.export_formats import format_by_id

    made = format_by_id("web-page").export(Catalog.load().get("picture-starter"), folder, [], Control())
    return made.path / "picture-starter.html", "picture-starter"


def pictures(folder: Path) -> list[Path]:
    """The samples, and the first of them as people's files come: large, turned, see-through, grey, in another format."""
    from PIL import Image

    samples = ROOT / "resources" / "samples"
    found = sorted((samples / "try").glob("*.jp*g")) + sorted(samples.glob("digits/*/*.png"))[::80]
    photo = Image.open(found[0]).convert("RGB")
    large = photo.resize((photo.width * 5, photo.height * 5), Image.Resampling.BICUBIC)
    large.save(folder / "large.jpg", quality=90)
    turned = Image.Exif()
    turned[0x0112] = 6
    photo.rotate(90, expand=True).save(folder / "turned.jpg", quality=92, exif=turned)
    clear = photo.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    clear.save(folder / "see-through.png")
    photo.convert("L").save(folder / "grey.png")
    photo.save(folder / "photo.webp", quality=90)
    photo.crop((0, 0, photo.width, photo.height // 5)).save(folder / "wide.png")
    return [*found, *sorted(folder.iterdir())]


def sounds(folder: Path) -> list[Path]:
    """Hums in noise as people's files come: short, long, stereo, of other rates, packed."""
    import numpy as np
    import soundfile

    rng = np.random.default_rng(1)
    kinds = (("short.wav", 32_000, 1.5, 1), ("long.wav", 32_000, 12.0, 1), ("stereo.wav", 44_100, 7.0, 2),
             ("telephone.wav", 8_000, 6.0, 1), ("packed.flac", 48_000, 5.0, 2), ("packed.mp3", 44_100, 6.0, 1),
             ("packed.ogg", 44_100, 6.0, 1))  # fmt: skip
    for number, (name, rate, seconds, channels) in enumerate(kinds):
        moments = np.arange(int(rate * seconds))[:, None] / rate
        pitch = 300 + 250 * number + 200 * np.sin(2 * np.pi * moments * (0.5 + number))
        hum = 0.4 * np.sin(2 * np.pi * np.cumsum(pitch, 0) / rate) * np.ones((1, channels))
        soundfile.write(folder / name, hum + rng.normal(size=hum.shape) * 0.02, rate)
    return sorted(folder.iterdir())


MAKERS = {"picture": pictures, "sound": sounds}


def main() -> int:
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--page", type=Path)
    command.add_argument("--model", default="")
    command.add_argument("--most", type=float, default=0.005, help="largest difference of a share (0..1) that is borne")
    command.add_argument("--screenshots", type=Path)
    options = command.parse_args()
    from workbench.catalog.catalog import Catalog
    from workbench.data.types import Sample
    from workbench.engine.predict import predict
    from workbench.tasks.registry import get_task

    with tempfile.TemporaryDirectory() as work, chromium() as browser:
        page, model = (options.page, options.model) if options.page else a_page(Path(work) / "page")
        card = Catalog.load().get(model)
        task = get_task(card.main_task)
        (Path(work) / "files").mkdir()
        files = MAKERS[task.info.media](Path(work) / "files")
        ours = [r.prediction for r in predict([Sample(task.info.media, path=f) for f in files], card, task)]
        print(f"{page.name}: {sum(f.stat().st_size for f in page.parent.glob('*.*')) / 1e6:.1f} MB")
        began = time.perf_counter()
        browser.open(page.resolve().as_uri())
        browser.wait("document.body && document.body.dataset.state !== 'loading' && document.readyState === 'complete'")
        state = browser.value("document.body.dataset.state")
        print(f"{state} after {time.perf_counter() - began:.1f} s")
        if state != "ready":
            print("\n".join(browser.said))
            return 1
        worst, same = 0.0, 0
        for file, wanted in zip(files, ours, strict=True):
            browser.value("element('bars').replaceChildren()")
            began = time.perf_counter()
            browser.give_file("#file", file)
            browser.wait("element('bars').children.length > 0 || element('state').dataset.kind === 'bad'")
            seconds = time.perf_counter() - began
            if not browser.value("element('bars').children.length"):
                print(f"{file.name}: {browser.value('element(`state`).textContent')}")
                return 1
            shares = browser.value("Array.from(last)")
            difference = max(abs(shares[s.index] - s.value) for s in wanted.top)
            first = max(range(len(shares)), key=shares.__getitem__)
            same += first == wanted.top[0].index
            worst = max(worst, difference)
            print(
                f"{file.name:18} {seconds:5.2f} s  difference {difference:.6f}  {browser.value('element(`answer`).textContent')}"
            )
        if options.screenshots:
            browser.give_file("#file", files[0])
            time.sleep(2)
            for dark in (False, True):
                (options.screenshots / f"web-page-{'dark' if dark else 'light'}.png").write_bytes(browser.picture(dark))
        outside = [a for a in browser.asked_for if not a.startswith(("file:", "blob:", "data:"))]
        print(
            f"{same} of {len(files)} first answers the same, largest difference {worst:.6f}; asked outside: {outside or 'nothing'}"
        )
        if browser.said:
            print("the browser says: " + " | ".join(browser.said[:5]))
        return 0 if same == len(files) and worst <= options.most and not outside else 1


if __name__ == "__main__":
    sys.exit(main())
